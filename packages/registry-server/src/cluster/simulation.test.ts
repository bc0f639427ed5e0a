import { seededRandom } from "@discoveryd/runtime/testing";
import type { Instance } from "@discoveryd/protocol";
import { SimClient } from "./testing/sim-client";
import { SimGoNode } from "./testing/sim-go-node";
import type { SimMember } from "./testing/sim-member";
import { SimNode, TTL_MS } from "./testing/sim-node";
import { SimWire } from "./testing/sim-wire";
import { World } from "./testing/world";

/** Run one seed again with DISCOVERYD_SIM_SEED=<seed>; more of them with DISCOVERYD_SIM_RUNS=<count>. */
const only = process.env["DISCOVERYD_SIM_SEED"];
const runs = Number(process.env["DISCOVERYD_SIM_RUNS"] ?? 50);
const seeds = only === undefined ? Array.from({ length: runs }, (_, i) => i + 1) : [Number(only)];
/** Their dead take long to go: a run costs several times as much. */
const mixedSeeds = seeds.slice(0, Math.ceil(seeds.length / 4));

/** Everything holds still for so long before the nodes are compared: a round of anti-entropy, twice. */
const QUIET_MS = 120_000;
/** The original looks for expired leases once a minute, and evicts 15 % of them: its dead take longer. */
const GO_QUIET_MS = 600_000;

type Cluster = (world: World, wire: SimWire) => Promise<SimMember[]>;

test("nodes converge, lose nobody who renews, and bring nobody back who was cancelled", async () => {
  expect(await failuresOf(ourCluster, seeds)).toEqual([]);
}, 3_600_000);

test("so do nodes of ours and of the original in one cluster, while ours replace them", async () => {
  expect(await failuresOf(mixedCluster, mixedSeeds)).toEqual([]);
}, 3_600_000);

async function failuresOf(cluster: Cluster, seeds: readonly number[]): Promise<string[]> {
  const failures: string[] = [];
  for (const seed of seeds) {
    const found = await simulate(seed, cluster);
    if (found.length > 0) failures.push(`seed ${seed}: ${found.join("; ")}`);
  }
  return failures;
}

async function simulate(seed: number, cluster: Cluster): Promise<string[]> {
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

async function ourCluster(world: World, wire: SimWire): Promise<SimMember[]> {
  const members = membersOf(world);
  return startAll(
    world,
    [...members].map(
      ([name, zone]) => new SimNode({ world, wire, name, zone, members, skewMs: skew(world) }),
    ),
  );
}

/** At least one of each kind. */
async function mixedCluster(world: World, wire: SimWire): Promise<SimMember[]> {
  const members = membersOf(world);
  const nodes = [...members].map(([name, zone], i) => {
    const isGo = i === 1 || (i > 1 && world.chance(0.4));
    return new (isGo ? SimGoNode : SimNode)({ world, wire, name, zone, members, skewMs: skew(world) });
  });
  const replace = (i: number) => {
    const { addr: name, zone } = nodes[i] as SimMember;
    (nodes[i] as SimMember).crash();
    nodes[i] = new SimNode({ world, wire, name, zone, members, skewMs: skew(world) });
    void nodes[i]?.start();
  };
  for (const i of nodes.keys()) {
    if (i > 1 && nodes[i] instanceof SimGoNode) world.after(world.random() * 300_000, () => replace(i));
  }
  return startAll(world, nodes);
}

function membersOf(world: World): Map<string, string> {
  const count = 3 + world.upTo(3);
  const zones = world.chance(0.5) ? 1 : 2;
  return new Map(Array.from({ length: count }, (_, i) => [`n${i}`, `z${i % zones}`]));
}

function skew(world: World): number {
  return (world.random() * 2 - 1) * 5_000;
}

async function startAll(world: World, nodes: SimMember[]): Promise<SimMember[]> {
  for (const node of nodes) {
    void node.start();
    await world.run(1_000);
  }
  return nodes;
}

function disturb(
  world: World,
  wire: SimWire,
  nodes: readonly SimMember[],
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
async function settle(world: World, wire: SimWire, nodes: readonly SimMember[]): Promise<void> {
  wire.heal();
  Object.assign(wire.weather, { loss: 0, duplication: 0, delayMs: 5 });
  for (const node of nodes) {
    if (!node.isUp) void node.start();
  }
  const hasGo = nodes.some((node) => node instanceof SimGoNode);
  await world.run(hasGo ? GO_QUIET_MS : Math.max(QUIET_MS, 2 * TTL_MS + 5_000));
}

function differences(nodes: readonly SimMember[]): string[] {
  const ours = nodes.filter((node) => node instanceof SimNode);
  return [...differing(ours, ({ version }) => version), ...differing(nodes, ({ seen }) => seen)];
}

/** An instance at a node: all of it, and what the original shows of it unchanged. */
interface Held {
  readonly version: string;
  readonly seen: string;
}

function differing(nodes: readonly SimMember[], say: (held: Held) => string): string[] {
  const [first, ...others] = nodes.map((node) => ({
    addr: node.addr,
    held: node
      .instances()
      .map((instance) => `${nameOf(instance)} ${say(heldOf(instance))}`)
      .sort(),
  }));
  if (!first) return [];
  return others
    .filter(({ held }) => JSON.stringify(held) !== JSON.stringify(first.held))
    .map(({ addr, held }) => {
      const [a, b] = [new Set(first.held), new Set(held)];
      const only = (set: Set<string>, other: Set<string>) =>
        [...set].filter((line) => !other.has(line)).join(", ");
      return `${first.addr} alone has [${only(a, b)}], ${addr} [${only(b, a)}]`;
    });
}

function nameOf({ appid, zone, hostname }: Instance): string {
  return `${appid} ${zone} ${hostname}`;
}

function heldOf(instance: Instance): Held {
  const { dirtyTimestamp, status, addrs, version, metadata, regTimestamp, upTimestamp, latestTimestamp } =
    instance;
  // The original makes the other timestamps of an instance itself.
  const seen = [dirtyTimestamp, status, addrs.join(), version, ...[...metadata].map(String)].join(" ");
  return { seen, version: [seen, regTimestamp, upTimestamp, latestTimestamp].join(" ") };
}

function wrong(nodes: readonly SimMember[], clients: readonly SimClient[]): string[] {
  return nodes.flatMap((node) =>
    clients.flatMap(({ key, isAlive, isCancelled }) => {
      const isThere = node.find(key) !== undefined;
      if (isAlive && !isThere) return [`${key.appid} ${key.hostname} is alive, but not on ${node.addr}`];
      if (isCancelled && isThere)
        return [`${key.appid} ${key.hostname} was cancelled, but is on ${node.addr}`];
      if (!isAlive && isThere) return [`${key.appid} ${key.hostname} is dead, but on ${node.addr}`];
      return [];
    }),
  );
}
