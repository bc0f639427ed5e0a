import { setTimeout as sleep } from "node:timers/promises";
import { registerSpread, spreadKey, type Spread } from "../harness/many-instances";
import { OpenLoop } from "../harness/open-loop";
import { paired, type Contestant, type Cost } from "../harness/paired";
import { processorTimeUs } from "../harness/processor-time";
import type { Context, Finding, Question } from "../harness/question";
import { quiet } from "../harness/quiet";
import { freePort, type RegistryProcess } from "../harness/registry-process";
import { summary } from "../harness/statistics";
import { postRequest } from "../harness/wire";

const INSTANCES: Spread = { prefix: "bench.cluster", apps: 2_000, instances: 20_000 };
/** So many renew as often as all do: registering them takes less long. */
const FEWER: Spread = { prefix: "bench.cluster", apps: 400, instances: 4_000 };
/** Each of 20,000 renews every 30 s. */
const PER_SECOND = INSTANCES.instances / 30;
/** An instance renews in some slices only: none is to be evicted between them. */
const ENV = { DISCOVERYD_LEASE_TTL: "1h" };

/** Heartbeats go to peers once a second: those of a slice have gone so long after it. */
const TAIL_MS = 1_500;
const LOOK_MS = 100;
const SYNC_MS = 30_000;
const MS_PER_S = 1_000;

/** Nodes that take a load together. */
interface Side {
  readonly nodes: readonly RegistryProcess[];
  readonly load: OpenLoop;
  readonly perSecond: number;
}

export const clusterRenewals: Question = {
  name: "cluster-renewals",
  asks: "What does a heartbeat cost three nodes together?",
  async run(context) {
    const instances = context.quick ? FEWER : INSTANCES;
    const three = await startedSide(3, instances, context);
    const one = await startedSide(1, instances, context);
    const third = await withThird(one, instances, context);
    const [idleOne, idleThree] = await idleUs([one, three], context.quick ? 3_000 : 60_000);
    const slices = context.quick ? { rounds: 1, sliceMs: 2_500 } : { rounds: 5, sliceMs: 5_000 };
    const before = await peerRequests(three);
    const costs = await paired(
      [contestant("one", one), contestant("three", three), contestant("third", third)],
      slices,
    );
    // A round before the first warms up.
    const renewals = (slices.rounds + 1) * renewalsIn(slices.sliceMs, three);
    const requests = (await peerRequests(three)) - before;
    const net = (at: number, side: Side, idle: number) => {
      const idleShare = idle * secondsOfOne(slices.sliceMs, side);
      return (costs[at] as Cost).rounds.map((us) => us - idleShare);
    };
    return [
      {
        what: "three nodes: peer requests a renewal",
        value: requests / renewals,
        unit: "",
        goal: 0.02,
        most: 0.05,
      },
      ...costFindings({
        one: net(0, one, idleOne),
        three: net(1, three, idleThree),
        third: net(2, third, idleOne),
      }),
      { what: "three nodes: processor time of all a second when idle", value: idleThree / 1_000, unit: "ms" },
      { what: "one node: processor time a second when idle", value: idleOne / 1_000, unit: "ms" },
    ];
  },
};

/** The time that belongs to one renewal of a slice, its share of the tail with it, in seconds. */
function secondsOfOne(sliceMs: number, side: Side): number {
  return (sliceMs + TAIL_MS) / MS_PER_S / renewalsIn(sliceMs, side);
}

/** By round: the processor time of a renewal, in microseconds, without what is used idle. */
interface Rounds {
  readonly one: readonly number[];
  readonly three: readonly number[];
  /** One node that is asked as often as each of the three. */
  readonly third: readonly number[];
}

function costFindings({ one, three, third }: Rounds): Finding[] {
  const over = (base: readonly number[]) => summary(three.map((us, i) => us / (base[i] as number)));
  const what = "three nodes: processor time of all a renewal, without what they use idle,";
  return [
    // What the cluster adds: a process that is woken a third as often finds less of what it needs in the processor's caches,
    // in a cluster or alone.
    { what: `${what} over one's asked as often as each`, value: over(third), unit: "x", goal: 1.5, most: 2 },
    { what: `${what} over one's that takes the whole load`, value: over(one), unit: "x" },
    { what: `${what} of 1,000`, value: summary(three), unit: "ms" },
    { what: "one node: the same", value: summary(one), unit: "ms" },
    { what: "one node that takes a third of the load: the same", value: summary(third), unit: "ms" },
  ];
}

async function startedSide(count: number, spread: Spread, context: Context): Promise<Side> {
  const addresses: string[] = [];
  while (addresses.length < count) addresses.push(`127.0.0.1:${await freePort()}`);
  const nodes: RegistryProcess[] = [];
  for (const own of addresses) {
    const others = addresses.filter((addr) => addr !== own);
    nodes.push(await context.registry({ nodes: [own, ...others], env: ENV }));
  }
  await registerSpread((nodes[0] as RegistryProcess).port, spread);
  for (const node of nodes) await hasAll(node, spread);
  return loaded(nodes, spread, PER_SECOND, context);
}

/** The same node, asked a third as often. */
function withThird({ nodes }: Side, spread: Spread, context: Context): Promise<Side> {
  return loaded(nodes, spread, PER_SECOND / 3, context);
}

async function loaded(
  nodes: readonly RegistryProcess[],
  spread: Spread,
  perSecond: number,
  context: Context,
): Promise<Side> {
  const requests = Array.from({ length: spread.instances }, (_, i) =>
    Buffer.from(postRequest("/discovery/renew", spreadKey(spread, i))),
  );
  const ports = nodes.map(({ port }) => port);
  return { nodes, perSecond, load: context.own(await OpenLoop.open({ ports, requests, perSecond })) };
}

async function hasAll(node: RegistryProcess, spread: Spread): Promise<void> {
  for (let waited = 0; waited < SYNC_MS; waited += LOOK_MS) {
    if ((await node.metric("discoveryd_instances")) >= spread.instances) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`the node on port ${node.port} has not all instances after ${SYNC_MS / MS_PER_S} s`);
}

function contestant(name: string, side: Side): Contestant {
  return {
    name,
    async measure(durationMs) {
      const before = usedUs(side);
      const renewals = await side.load.run(durationMs);
      await sleep(TAIL_MS);
      return (usedUs(side) - before) / renewals;
    },
  };
}

/** The processor time of each a second, in microseconds. All at once: they do not disturb each other. */
async function idleUs(sides: readonly [Side, Side], durationMs: number): Promise<[number, number]> {
  for (const { nodes } of sides) for (const { pid } of nodes) await quiet(pid);
  const before = sides.map(usedUs);
  await sleep(durationMs);
  const used = sides.map((side, i) => usedUs(side) - (before[i] as number));
  return used.map((us) => (us * MS_PER_S) / durationMs) as [number, number];
}

function renewalsIn(durationMs: number, { perSecond }: Side): number {
  return Math.floor((durationMs * perSecond) / MS_PER_S);
}

function usedUs({ nodes }: Side): number {
  return nodes.reduce((sum, { pid }) => sum + processorTimeUs(pid), 0);
}

async function peerRequests({ nodes }: Side): Promise<number> {
  const counts = await Promise.all(nodes.map((node) => node.metric("discoveryd_peer_requests_total")));
  return counts.reduce((sum, count) => sum + count, 0);
}
