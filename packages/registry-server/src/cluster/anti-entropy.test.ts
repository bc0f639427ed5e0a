import { STATUS_UP } from "@discoveryd/protocol";
import { seededRandom } from "@discoveryd/runtime/testing";
import { SimNode } from "./testing/sim-node";
import { SimWire } from "./testing/sim-wire";
import { World } from "./testing/world";

const ROUND_MS = 60_000;

/** Two nodes that know each other and hear nothing of each other's changes but by comparing. */
async function useTwoNodes() {
  const world = new World(seededRandom(7));
  const wire = new SimWire(world);
  const members = new Map([
    ["a", "z"],
    ["b", "z"],
  ]);
  const [a, b] = ["a", "b"].map(
    (name) => new SimNode({ world, wire, name, zone: "z", members, skewMs: 0 }),
  ) as [SimNode, SimNode];
  for (const node of [a, b]) {
    void node.start();
    await world.run(5_000);
  }
  return { world, a, b };
}

function register(
  node: SimNode,
  hostname: string,
  dirtyTimestamp?: bigint,
  addr = "grpc://10.0.0.1:1",
): void {
  node.registry.register({
    env: "dev",
    appid: "app",
    zone: "z",
    hostname,
    region: "r",
    addrs: [addr, "http://10.0.0.1:2"],
    version: "",
    metadata: new Map(),
    status: STATUS_UP,
    dirtyTimestamp,
    latestTimestamp: dirtyTimestamp,
    regTimestamp: dirtyTimestamp,
    replicated: false,
  });
}

const keyOf = (hostname: string) => ({ env: "dev", appid: "app", zone: "z", hostname });

test("two nodes that hold different instances are equal a round later", async () => {
  const { world, a, b } = await useTwoNodes();
  for (let i = 0; i < 120; i++) register(i % 2 ? a : b, `h${i}`);
  await world.run(ROUND_MS + 5_000);
  expect(a.versions().size).toBe(122);
  expect(a.versions()).toEqual(b.versions());
});

test("of two versions the newer one wins on both nodes, whoever begins", async () => {
  const { world, a, b } = await useTwoNodes();
  register(a, "h", 2_000n, "grpc://10.0.0.1:2000");
  register(b, "h", 1_000n, "grpc://10.0.0.1:1000");
  await world.run(ROUND_MS + 5_000);
  for (const node of [a, b])
    expect(node.registry.find(keyOf("h"))?.instance.addrs[0]).toBe("grpc://10.0.0.1:2000");
});

test("of two versions with the same timestamp the greater text wins on both nodes", async () => {
  const { world, a, b } = await useTwoNodes();
  register(a, "h", 1_000n, "grpc://10.0.0.1:3");
  register(b, "h", 1_000n, "grpc://10.0.0.1:4");
  await world.run(ROUND_MS + 5_000);
  for (const node of [a, b])
    expect(node.registry.find(keyOf("h"))?.instance.addrs[0]).toBe("grpc://10.0.0.1:4");
});

test("what was cancelled on one node goes from the other, and does not come back", async () => {
  const { world, a, b } = await useTwoNodes();
  for (const node of [a, b]) register(node, "h", 1_767_225_600_000_000_000n);
  register(b, "other");
  a.registry.cancel(keyOf("h"));
  await world.run(ROUND_MS + 5_000);
  expect(a.registry.find(keyOf("h"))).toBeUndefined();
  expect(b.registry.find(keyOf("h"))).toBeUndefined();
});

test("an instance that is silent keeps its age: exchanging it does not keep it alive", async () => {
  const { world, a, b } = await useTwoNodes();
  register(a, "h");
  await world.run(ROUND_MS + 5_000);
  expect(b.registry.find(keyOf("h"))).toBeDefined();
  await world.run(ROUND_MS);
  for (const node of [a, b]) expect(node.registry.find(keyOf("h"))).toBeUndefined();
});
