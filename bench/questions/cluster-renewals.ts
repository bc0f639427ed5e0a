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

/** Nodes that take the whole load together. */
interface Side {
  readonly nodes: readonly RegistryProcess[];
  readonly load: OpenLoop;
  /** The processor time that they use without load, in microseconds a second. */
  idle: number;
}

export const clusterRenewals: Question = {
  name: "cluster-renewals",
  asks: "What does a heartbeat cost three nodes together?",
  async run(context) {
    const instances = context.quick ? FEWER : INSTANCES;
    const three = await startedSide(3, instances, context);
    const one = await startedSide(1, instances, context);
    await measureIdle([one, three], context.quick ? 3_000 : 60_000);
    const slices = context.quick ? { rounds: 1, sliceMs: 2_500 } : { rounds: 6, sliceMs: 5_000 };
    const before = await peerRequests(three);
    const costs = await paired([contestant("one", one), contestant("three", three)], slices);
    // A round before the first warms up.
    const renewals = (slices.rounds + 1) * renewalsIn(slices.sliceMs);
    const requests = (await peerRequests(three)) - before;
    return [
      {
        what: "three nodes: peer requests a renewal",
        value: requests / renewals,
        unit: "",
        goal: 0.02,
        most: 0.05,
      },
      ...costFindings(costs as [Cost, Cost], [one, three], slices.sliceMs),
    ];
  },
};

function costFindings([alone, all]: [Cost, Cost], [one, three]: [Side, Side], sliceMs: number): Finding[] {
  // What a side uses anyway in the time that belongs to one renewal.
  const idleOf = ({ idle }: Side) => (idle * (sliceMs + TAIL_MS)) / MS_PER_S / renewalsIn(sliceMs);
  const over = ({ rounds }: Cost, side: Side) => rounds.map((us) => us - idleOf(side));
  const [ofOne, ofThree] = [over(alone, one), over(all, three)];
  const ratios = ofThree.map((us, i) => us / (ofOne[i] as number));
  return [
    {
      what: "three nodes: processor time of all a renewal, without what they use idle, over one node's",
      value: summary(ratios),
      unit: "x",
      goal: 1.5,
      most: 2,
    },
    {
      what: "three nodes: processor time of all, with what they use idle, over one node's",
      value: all.ratio,
      unit: "x",
    },
    {
      what: "three nodes: processor time of all for 1,000 renewals, without what they use idle",
      value: summary(ofThree),
      unit: "ms",
    },
    {
      what: "one node: processor time for 1,000 renewals, without what it uses idle",
      value: summary(ofOne),
      unit: "ms",
    },
    { what: "three nodes: processor time of all a second when idle", value: three.idle / 1_000, unit: "ms" },
    { what: "one node: processor time a second when idle", value: one.idle / 1_000, unit: "ms" },
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
  const requests = Array.from({ length: spread.instances }, (_, i) =>
    Buffer.from(postRequest("/discovery/renew", spreadKey(spread, i))),
  );
  const ports = nodes.map(({ port }) => port);
  const load = context.own(await OpenLoop.open({ ports, requests, perSecond: PER_SECOND }));
  return { nodes, load, idle: 0 };
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

/** All at once: it takes its time, and they do not disturb each other. */
async function measureIdle(sides: readonly Side[], durationMs: number): Promise<void> {
  for (const { nodes } of sides) for (const { pid } of nodes) await quiet(pid);
  const before = sides.map(usedUs);
  await sleep(durationMs);
  for (const [i, side] of sides.entries()) {
    side.idle = ((usedUs(side) - (before[i] as number)) * MS_PER_S) / durationMs;
  }
}

function renewalsIn(durationMs: number): number {
  return Math.floor((durationMs * PER_SECOND) / MS_PER_S);
}

function usedUs({ nodes }: Side): number {
  return nodes.reduce((sum, { pid }) => sum + processorTimeUs(pid), 0);
}

async function peerRequests({ nodes }: Side): Promise<number> {
  const counts = await Promise.all(nodes.map((node) => node.metric("discoveryd_peer_requests_total")));
  return counts.reduce((sum, count) => sum + count, 0);
}
