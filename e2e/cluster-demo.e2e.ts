import { eventually } from "./harness/eventually";
import { figure, inMs } from "./harness/figure";
import { failed, further, startLoad } from "./harness/load";
import { useCluster, type ClusterNode } from "./harness/use-cluster";
import { useDemo } from "./harness/use-demo";

const startCluster = useCluster();
const startDemo = useDemo();

/** A client whose node has died polls another within 2 s; a busy machine takes longer. */
const ELSEWHERE_MS = 20_000;
// Clients poll one node each, and change it when it fails.
const SETTLED_MS = 20_000;

/** How many long polls hang at each node. */
function polls(nodes: readonly ClusterNode[]): Promise<number[]> {
  return Promise.all(nodes.map((node) => node.metric("discoveryd_waiting_polls")));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

test("one node killed under load: no call fails, and its clients are soon on another node", async () => {
  const cluster = await startCluster();
  const demo = await startDemo();
  const env = { DISCOVERY_NODES: cluster.addrs };
  await Promise.all([demo.startServer("s1", env), demo.startServer("s2", env), demo.startClient(env)]);
  const seen = new Set<string | undefined>();
  await eventually(async () => {
    seen.add((await demo.sayHello()).served_by);
    expect([...seen].filter(Boolean).sort()).toEqual(["s1", "s2"]);
  }, SETTLED_MS);
  // Each process waits for the nodes, the client for the servers, too.
  await eventually(async () => expect(sum(await polls(cluster.nodes))).toBeGreaterThanOrEqual(3), SETTLED_MS);
  const load = startLoad(demo);
  await further(load, 100);

  const counts = await polls(cluster.nodes);
  const busiest = cluster.nodes[counts.indexOf(Math.max(...counts))] as ClusterNode;
  const others = cluster.nodes.filter((node) => node !== busiest);
  const killedAt = performance.now();
  await busiest.process.end("SIGKILL");
  await eventually(
    async () => expect(sum(await polls(others))).toBeGreaterThanOrEqual(sum(counts)),
    ELSEWHERE_MS,
  );
  const elsewhereMs = performance.now() - killedAt;
  await further(load, 200);

  const all = await load.stop();
  figure("clients of a killed node on another", inMs(elsewhereMs));
  figure("failed calls when a node is killed", `${failed(all).length} of ${all.length}`);
  expect(failed(all)).toEqual([]);
  for (const node of others) expect(await node.hostnames("demo.service")).toEqual(["s1", "s2"]);
}, 120_000);
