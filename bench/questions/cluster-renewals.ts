import { setTimeout as sleep } from "node:timers/promises";
import { registerSpread, spreadKey, type Spread } from "../harness/many-instances";
import { OpenLoop } from "../harness/open-loop";
import { paired, type Contestant, type Cost } from "../harness/paired";
import { processorTimeUs } from "../harness/processor-time";
import type { Context, Finding, Question } from "../harness/question";
import { quiet } from "../harness/quiet";
import { freePort, type RegistryProcess } from "../harness/registry-process";
import { summary, type Summary } from "../harness/statistics";
import { postRequest } from "../harness/wire";

const INSTANCES: Spread = { prefix: "bench.cluster", apps: 2_000, instances: 20_000 };
/** Registering them takes less long. Still none of them renews twice in the second that a peer hears of as one. */
const FEWER: Spread = { prefix: "bench.cluster", apps: 800, instances: 8_000 };
/** Heartbeats a second: each of 20,000 renews every 30 s. The processes sleep most of the time. */
const CALM = INSTANCES.instances / 30;
/** Each of 20,000 renews every 3.3 s: the processes have work nearly all the time, as in the other questions. */
const BUSY = 6_000;
/** An instance renews in some slices only: none is to be evicted between them. */
const ENV = { DISCOVERYD_LEASE_TTL: "1h" };

/** Heartbeats go to peers once a second: those of a slice have gone so long after it. */
const TAIL_MS = 1_500;
const LOOK_MS = 100;
const SYNC_MS = 30_000;
const MS_PER_S = 1_000;

/** Processes that take a load together, and what they use of the processor when they have none. */
interface Side {
  readonly pids: readonly number[];
  readonly ports: readonly number[];
  /** In microseconds a second. */
  readonly idleUs: number;
}

export const clusterRenewals: Question = {
  name: "cluster-renewals",
  asks: "What does a heartbeat cost three nodes together?",
  async run(context) {
    const { quick } = context;
    const instances = quick ? FEWER : INSTANCES;
    const renewals = renewalsOf(instances);
    const load = (name: string, side: Side, perSecond: number) =>
      contestant(name, side, { requests: renewals, perSecond, context });
    const fleets = [started(3, instances, context), started(1, instances, context)] as const;
    const nodes = await Promise.all(fleets);
    const [three, one] = (await withIdle(nodes, quick ? 1_000 : 60_000)) as [Side, Side];
    const slices = quick ? { rounds: 1, sliceMs: 1_500 } : { rounds: 10, sliceMs: 3_000 };
    const before = await peerRequests(nodes[0]);
    const calm = await load("three", three, CALM);
    const beside = quick ? [] : [await load("one", one, CALM), ...(await askedLess(one, context, load))];
    const calmCosts = await paired([calm, ...beside], slices);
    const requests = (await peerRequests(nodes[0])) - before;
    const busy = [await load("one", one, BUSY), await load("three", three, BUSY)] as const;
    const busyCosts = await paired(busy, slices);
    return [
      {
        what: "three nodes: peer requests a renewal",
        // A round before the first warms up.
        value: requests / ((slices.rounds + 1) * renewalsIn(slices.sliceMs, CALM)),
        unit: "",
        goal: 0.02,
        most: 0.05,
      },
      ...busyFindings(busyCosts),
      ...calmFindings(calmCosts),
      idleFinding("three nodes: processor time of all", three),
      idleFinding("one node: processor time", one),
    ];
  },
};

type LoadOf = (name: string, side: Side, perSecond: number) => Promise<Contestant>;

/** What tells the cluster's part of three nodes from that of being asked a third as often. */
async function askedLess(one: Side, context: Context, load: LoadOf): Promise<Contestant[]> {
  const { port, pid } = await context.bare({ answer: '{"code":0,"message":"0"}' });
  const bare: Side = { pids: [pid], ports: [port], idleUs: 0 };
  return [
    await load("one, a third", one, CALM / 3),
    await load("bare", bare, CALM),
    await load("bare, a third", bare, CALM / 3),
  ];
}

function renewalsOf(instances: Spread): Buffer[] {
  return Array.from({ length: instances.instances }, (_, i) =>
    Buffer.from(postRequest("/discovery/renew", spreadKey(instances, i))),
  );
}

function idleFinding(what: string, { idleUs }: Side): Finding {
  return { what: `${what} a second when idle`, value: idleUs / 1_000, unit: "ms" };
}

const BOUNDS = { goal: 1.5, most: 2 };

function busyFindings(costs: readonly Cost[]): Finding[] {
  const [one, three] = costs as [Cost, Cost];
  const at = `a renewal, at ${BUSY.toLocaleString("en")} a second`;
  return [
    {
      what: `three nodes: processor time of all ${at}, over one node's`,
      value: three.ratio,
      unit: "x",
      ...BOUNDS,
    },
    { what: `three nodes: processor time of all ${at}`, value: three.us, unit: "us" },
    { what: `one node: processor time ${at}`, value: one.us, unit: "us" },
  ];
}

function calmFindings(costs: readonly Cost[]): Finding[] {
  const [three, one, third, bare, bareThird] = costs as [Cost, Cost?, Cost?, Cost?, Cost?];
  const at = `a renewal, at ${Math.round(CALM)} a second`;
  const all: Finding = { what: `three nodes: processor time of all ${at}`, value: three.us, unit: "us" };
  if (!one || !third || !bare || !bareThird) return [all];
  // A request that finds the process asleep costs more than one that comes while others are answered, with or without a
  // cluster: what was in the processor's caches has gone. Three nodes sleep three times as often.
  return [
    {
      what: `three nodes: processor time of all ${at}, over one's that is asked as often as each`,
      value: over(three, third),
      unit: "x",
      ...BOUNDS,
    },
    { what: `three nodes: processor time of all ${at}, over one node's`, value: over(three, one), unit: "x" },
    all,
    { what: `one node: processor time ${at}`, value: one.us, unit: "us" },
    {
      what: "one node that is asked a third as often: processor time a renewal",
      value: third.us,
      unit: "us",
    },
    {
      what: "a bare server that is asked a third as often: processor time a request, over its own",
      value: over(bareThird, bare),
      unit: "x",
    },
  ];
}

function over(cost: Cost, base: Cost): Summary {
  return summary(cost.rounds.map((us, i) => us / (base.rounds[i] as number)));
}

async function started(count: number, spread: Spread, context: Context): Promise<RegistryProcess[]> {
  const addresses: string[] = [];
  while (addresses.length < count) addresses.push(`127.0.0.1:${await freePort()}`);
  const nodes: RegistryProcess[] = [];
  for (const own of addresses) {
    const others = addresses.filter((addr) => addr !== own);
    nodes.push(await context.registry({ nodes: [own, ...others], env: ENV }));
  }
  await registerSpread((nodes[0] as RegistryProcess).port, spread);
  for (const node of nodes) await hasAll(node, spread);
  return nodes;
}

async function hasAll(node: RegistryProcess, spread: Spread): Promise<void> {
  for (let waited = 0; waited < SYNC_MS; waited += LOOK_MS) {
    if ((await node.metric("discoveryd_instances")) >= spread.instances) return;
    await sleep(LOOK_MS);
  }
  throw new Error(`the node on port ${node.port} has not all instances after ${SYNC_MS / MS_PER_S} s`);
}

interface Load {
  readonly requests: readonly Buffer[];
  readonly perSecond: number;
  readonly context: Context;
}

/** Measures the processor time of a heartbeat, its share of the tail with it, without what is used idle. */
async function contestant(
  name: string,
  side: Side,
  { requests, perSecond, context }: Load,
): Promise<Contestant> {
  const load = context.own(await OpenLoop.open({ ports: side.ports, requests, perSecond }));
  return {
    name,
    async measure(durationMs) {
      const before = usedUs(side.pids);
      const renewals = await load.run(durationMs);
      await sleep(TAIL_MS);
      const idleUs = (side.idleUs * (durationMs + TAIL_MS)) / MS_PER_S;
      return (usedUs(side.pids) - before - idleUs) / renewals;
    },
  };
}

/** Each with what it uses idle. All at once: they do not disturb each other. */
async function withIdle(sides: readonly RegistryProcess[][], durationMs: number): Promise<Side[]> {
  const pids = sides.map((nodes) => nodes.map(({ pid }) => pid));
  for (const pid of pids.flat()) await quiet(pid);
  const before = pids.map(usedUs);
  await sleep(durationMs);
  const used = pids.map((each, i) => usedUs(each) - (before[i] as number));
  return sides.map((nodes, i) => ({
    pids: pids[i] as number[],
    ports: nodes.map(({ port }) => port),
    idleUs: ((used[i] as number) * MS_PER_S) / durationMs,
  }));
}

function renewalsIn(durationMs: number, perSecond: number): number {
  return Math.floor((durationMs * perSecond) / MS_PER_S);
}

function usedUs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + processorTimeUs(pid), 0);
}

async function peerRequests(nodes: readonly RegistryProcess[]): Promise<number> {
  const counts = await Promise.all(nodes.map((node) => node.metric("discoveryd_peer_requests_total")));
  return counts.reduce((sum, count) => sum + count, 0);
}
