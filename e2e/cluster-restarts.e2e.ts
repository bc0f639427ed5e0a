import { eventually } from "./harness/eventually";
import { Heartbeats } from "./harness/heartbeats";
import { useCluster, type ClusterNode, type TestCluster } from "./harness/use-cluster";

const startCluster = useCluster();

const HOSTNAMES = Array.from({ length: 20 }, (_, i) => `h${String(i).padStart(2, "0")}`);
// Their heartbeats come several times a second, and a lost peer is tried every 2 s.
const BACK_MS = 30_000;

let heartbeats: Heartbeats | undefined;

afterEach(async () => {
  await heartbeats?.stop();
  heartbeats = undefined;
});

/** A cluster in which instances renew at whatever node answers. */
async function startRenewing(): Promise<TestCluster> {
  const cluster = await startCluster();
  heartbeats = new Heartbeats(cluster.nodes, HOSTNAMES);
  await allHeld(cluster.nodes);
  return cluster;
}

async function allHeld(nodes: readonly ClusterNode[]): Promise<void> {
  await eventually(async () => {
    for (const node of nodes) expect(await node.hostnames("app")).toEqual(HOSTNAMES);
  }, BACK_MS);
}

test("a node killed with SIGKILL and started again loses nobody, there and elsewhere", async () => {
  const cluster = await startRenewing();
  for (const node of cluster.nodes) {
    const others = cluster.nodes.filter((other) => other !== node);
    await node.process.end("SIGKILL");
    for (const other of others) expect(await other.hostnames("app")).toEqual(HOSTNAMES);
    await node.start();
    // At once: it has taken what its peers know.
    expect(await node.hostnames("app")).toEqual(HOSTNAMES);
  }
  await cluster.equal(BACK_MS);
}, 120_000);

test("nodes replaced one after the other lose nobody, and are known to nobody meanwhile", async () => {
  const cluster = await startRenewing();
  for (const node of cluster.nodes) {
    const others = cluster.nodes.filter((other) => other !== node);
    expect((await node.process.end("SIGTERM")).code).toBe(0);
    await eventually(async () => {
      for (const other of others) {
        expect(await other.hostnames("infra.discovery")).toEqual(others.map(({ name }) => name));
      }
    }, BACK_MS);
    await node.start();
    for (const each of cluster.nodes) expect(await each.hostnames("app")).toEqual(HOSTNAMES);
    await eventually(async () => {
      const { text } = await node.get("nodes");
      expect(text.match(/"status":0/g)).toHaveLength(3);
    }, BACK_MS);
  }
}, 120_000);

test("all nodes killed at once and started again have everybody who renews", async () => {
  const cluster = await startRenewing();
  await Promise.all(cluster.nodes.map((node) => node.process.end("SIGKILL")));
  await Promise.all(cluster.nodes.map((node) => node.start()));
  await allHeld(cluster.nodes);
}, 120_000);
