import { INFRA_APPID } from "@discoveryd/protocol";
import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import { pino } from "pino";
import { Registry } from "../registry/registry";
import { instanceWith } from "../testing/builders";
import { START_MS } from "../testing/use-node";
import { Cluster, type ClusterOptions } from "./cluster";
import { fromClient } from "./peers";
import { FakeLink, type LinkState } from "./testing/fake-link";
import { registration, words } from "./testing/use-peers";

const ADDR = "10.0.0.1:7171";
const PEER = "10.0.0.2:7171";
const clusters: { cluster: Cluster; clock: FakeClock; links: Map<string, FakeLink> }[] = [];

afterEach(async () => {
  for (const { cluster, clock, links } of clusters.splice(0)) {
    for (const link of links.values()) if (link.state === "hangs") await link.become("fails");
    await Promise.all([cluster.close(), clock.advance(600)]);
    expect(clock.pending).toBe(0);
  }
});

/** A node whose peers the test plays; they begin in this state. */
function createCluster(state: LinkState, options: Partial<ClusterOptions> = {}) {
  const clock = new FakeClock(START_MS);
  const registry = new Registry({ clock, guard: { threshold: 0.85, minInstances: 10, matureMs: 90_000 } });
  const links = new Map<string, FakeLink>();
  const cluster = new Cluster({
    registry,
    region: "sh",
    zone: "sh001",
    env: "dev",
    host: "self",
    seeds: [ADDR, PEER],
    zones: new Map(),
    protect: true,
    ttlMs: 90_000,
    connect: (addr) => {
      const link = new FakeLink(state);
      links.set(addr, link);
      return link;
    },
    logger: pino({ level: "silent" }),
    clock,
    random: seededRandom(1),
    ...options,
  });
  clusters.push({ cluster, clock, links });
  return { cluster, clock, registry, links, link: (addr = PEER) => links.get(addr)! };
}

/** One that has synced and joined. */
async function startCluster(options: Partial<ClusterOptions> = {}) {
  const node = createCluster("answers", options);
  await node.cluster.sync(ADDR);
  node.cluster.join(ADDR);
  return node;
}

function isProtected(cluster: Cluster): boolean {
  return cluster.bootstrap.refusal() !== undefined;
}

test("a node that starts takes what its peers know, and answers reads from then on", async () => {
  const { cluster, registry, link, clock } = createCluster("hangs");
  const synced = cluster.sync(ADDR);
  link().instances = [instanceWith()];
  expect(isProtected(cluster)).toBe(true);
  await link().become("answers");
  await synced;
  expect(registry.size).toBe(1);
  expect(isProtected(cluster)).toBe(false);
  expect(clock.pending).toBe(0);
});

test("a node alone has nobody to wait for", async () => {
  const { cluster } = createCluster("answers", { seeds: [ADDR] });
  await cluster.sync(ADDR);
  expect(isProtected(cluster)).toBe(false);
});

test("peers that do not answer hold up the start for 5 s, and reads for a minute", async () => {
  const { cluster, clock } = createCluster("hangs");
  let isStarted = false;
  void cluster.sync(ADDR).then(() => (isStarted = true));
  await clock.advance(4_999);
  expect(isStarted).toBe(false);
  await clock.advance(1);
  expect(isStarted).toBe(true);
  await clock.advance(54_999);
  expect(isProtected(cluster)).toBe(true);
  await clock.advance(1);
  expect(isProtected(cluster)).toBe(false);
});

test("a peer that answers later than that is taken all the same", async () => {
  const { cluster, clock, registry, link } = createCluster("hangs");
  const synced = cluster.sync(ADDR);
  await clock.advance(5_000);
  await synced;
  link().instances = [instanceWith()];
  await link().become("answers");
  expect(registry.size).toBe(1);
  expect(isProtected(cluster)).toBe(false);
});

test("the first comparison that succeeds ends the protection, too", async () => {
  const { cluster, clock, link } = createCluster("fails");
  await cluster.sync(ADDR);
  cluster.join(ADDR);
  await clock.advance(1_000);
  expect(isProtected(cluster)).toBe(true);
  await link().become("answers");
  await clock.advance(2_000);
  expect(link().compared).toBe(1);
  expect(isProtected(cluster)).toBe(false);
});

test("a node that joins is registered, here and at its peers", async () => {
  const { cluster, registry, clock, link } = await startCluster();
  expect(cluster.self).toEqual({ env: "dev", appid: INFRA_APPID, zone: "sh001", hostname: "self" });
  expect(registry.find(cluster.self!)).toBeDefined();
  await clock.advance(5);
  expect(link().sent.map(words)).toEqual([["put self"]]);
});

test("the nodes of the zone are this one and its peers, lost ones among them", async () => {
  const { cluster, clock, link } = await startCluster({ zones: new Map([["sh002", ["10.2.0.1:7171"]]]) });
  const state = (lost: boolean) => [
    { addr: ADDR, zone: "sh001", lost: false },
    { addr: PEER, zone: "sh001", lost },
  ];
  expect(cluster.nodes(ADDR)).toEqual(state(false));
  await link().become("fails");
  await clock.advance(1_000);
  expect(cluster.nodes(ADDR)).toEqual(state(true));
  await link().become("answers");
  await clock.advance(2_000);
  expect(cluster.nodes(ADDR)).toEqual(state(false));
});

test("a peer that is back is compared with at once", async () => {
  const { clock, link } = await startCluster();
  await link().become("fails");
  await clock.advance(1_000);
  await link().become("answers");
  await clock.advance(2_000);
  expect(link().compared).toBe(1);
});

test("a node that registers becomes a peer, and is told what happens from then on", async () => {
  const { cluster, registry, clock, link } = await startCluster();
  const addr = "10.0.0.3:7171";
  registry.adopt(instanceWith({ appid: INFRA_APPID, hostname: "third", addrs: [`http://${addr}`] }), 0);
  void cluster.registry.register(registration(), fromClient);
  await clock.advance(5);
  expect(link(addr).sent.map(words)).toEqual([["put h1"]]);
});

test("another node of another zone is told every minute", async () => {
  const addrs = Array.from({ length: 8 }, (_, i) => `10.2.0.${i}:7171`);
  const { links, clock } = await startCluster({ zones: new Map([["sh002", addrs]]) });
  await clock.advance(600_000);
  const told = addrs.filter((addr) => links.get(addr)!.sent.length > 0);
  expect(told.length).toBeGreaterThan(2);
});

test("leaving cancels the node, so that clients go elsewhere, and it does not come back", async () => {
  const { cluster, registry, clock, link } = await startCluster();
  await clock.advance(5);
  const left = cluster.leave();
  await clock.advance(5);
  await left;
  await clock.advance(60_000);
  expect(registry.size).toBe(0);
  expect(link().sent.map(words)).toEqual([["put self"], ["cancel self"]]);
});

test("closing ends everything, in whatever state it is", async () => {
  const { cluster, clock, link } = createCluster("fails");
  await cluster.close();
  const other = await startCluster();
  await Promise.all([other.cluster.close(), other.clock.advance(600)]);
  expect(other.link().closed).toBe(true);
  expect([clock.pending, other.clock.pending]).toEqual([0, 0]);
  expect(link()).toBeUndefined();
});
