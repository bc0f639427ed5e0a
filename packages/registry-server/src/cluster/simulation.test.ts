import { seededRandom } from "@discoveryd/runtime/testing";
import { SimClient } from "./testing/sim-client";
import { SimNode, TTL_MS } from "./testing/sim-node";
import { SimWire } from "./testing/sim-wire";
import { World } from "./testing/world";

/** Run one seed again with DISCOVERYD_SIM_SEED=<seed>; more of them with DISCOVERYD_SIM_RUNS=<count>. */
const only = process.env["DISCOVERYD_SIM_SEED"];
const runs = Number(process.env["DISCOVERYD_SIM_RUNS"] ?? 100);
const seeds = only === undefined ? Array.from({ length: runs }, (_, i) => i + 1) : [Number(only)];

/** Everything holds still for so long before the nodes are compared: a round of anti-entropy, twice. */
const QUIET_MS = 120_000;

test("nodes converge, lose nobody who renews, and bring nobody back who was cancelled", async () => {
  const failures: string[] = [];
  for (const seed of seeds) {
    const found = await simulate(seed);
    if (found.length > 0) failures.push(`seed ${seed}: ${found.join("; ")}`);
  }
  expect(failures).toEqual([]);
}, 600_000);

async function simulate(seed: number): Promise<string[]> {
  const world = new World(seededRandom(seed));
  const wire = new SimWire(world);
  const nodes = await cluster(world, wire);
  const clients = Array.from(
    { length: 6 + world.upTo(10) },
    (_, i) => new SimClient(world, nodes, `app${world.upTo(3)}`, world.pick(nodes).zone, `h${i}`),
  );
  for (const client of clients) client.start();
  for (let step = 0; step < 20; step++) {
    disturb(world, wire, nodes, clients);
    await world.run(world.random() * 20_000);
  }
  await settle(world, wire, nodes);
  return [
    ...nodes.flatMap((node) => node.violations),
    ...clients.flatMap((client) => client.violations),
    ...differences(nodes),
    ...wrong(nodes, clients),
  ];
}

async function cluster(world: World, wire: SimWire): Promise<SimNode[]> {
  const count = 3 + world.upTo(3);
  const zones = world.chance(0.5) ? 1 : 2;
  const members = new Map(Array.from({ length: count }, (_, i) => [`n${i}`, `z${i % zones}`]));
  const nodes = [...members].map(([name, zone]) => {
    const skewMs = (world.random() * 2 - 1) * 5_000;
    return new SimNode({ world, wire, name, zone, members, skewMs });
  });
  for (const node of nodes) {
    void node.start();
    await world.run(1_000);
  }
  return nodes;
}

function disturb(
  world: World,
  wire: SimWire,
  nodes: readonly SimNode[],
  clients: readonly SimClient[],
): void {
  const client = world.pick(clients);
  const node = world.pick(nodes);
  const deeds = [
    () => client.set(),
    () => client.set(),
    () => (client.isAlive ? client.cancel() : client.start()),
    () => (client.isAlive ? client.die() : client.start()),
    () => client.start(),
    () => wire.partition(new Set(nodes.filter(() => world.chance(0.5)).map(({ addr }) => addr))),
    () => wire.heal(),
    () => (node.isUp ? node.crash() : void node.start()),
    () => void (node.isUp || node.start()),
    () => {
      wire.weather.loss = world.chance(0.5) ? world.random() * 0.3 : 0;
      wire.weather.duplication = world.chance(0.5) ? world.random() * 0.3 : 0;
      wire.weather.delayMs = world.chance(0.5) ? 5 : world.random() * 1_500;
    },
  ];
  world.pick(deeds)();
}

/** The weather clears and every node is up; who is dead by then has been evicted. */
async function settle(world: World, wire: SimWire, nodes: readonly SimNode[]): Promise<void> {
  wire.heal();
  Object.assign(wire.weather, { loss: 0, duplication: 0, delayMs: 5 });
  for (const node of nodes) {
    if (!node.isUp) void node.start();
  }
  await world.run(Math.max(QUIET_MS, 2 * TTL_MS + 5_000));
}

function differences(nodes: readonly SimNode[]): string[] {
  const [first, ...others] = nodes.map((node) => [node.addr, [...node.versions()].sort()] as const);
  return others
    .filter(([, versions]) => JSON.stringify(versions) !== JSON.stringify(first?.[1]))
    .map(([addr, versions]) => {
      const known = new Set(first?.[1].map(String));
      const differing = versions.filter((version) => !known.has(String(version)));
      return `${addr} is not equal to ${first?.[0]}: ${versions.length} instances, ${first?.[1].length}; ${differing.join(" ")}`;
    });
}

function wrong(nodes: readonly SimNode[], clients: readonly SimClient[]): string[] {
  return nodes.flatMap((node) =>
    clients.flatMap(({ key, isAlive, isCancelled }) => {
      const isThere = node.registry.find(key) !== undefined;
      if (isAlive && !isThere) return [`${key.appid} ${key.hostname} is alive, but not on ${node.addr}`];
      if (isCancelled && isThere)
        return [`${key.appid} ${key.hostname} was cancelled, but is on ${node.addr}`];
      if (!isAlive && isThere) return [`${key.appid} ${key.hostname} is dead, but on ${node.addr}`];
      return [];
    }),
  );
}
