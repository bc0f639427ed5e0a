import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { costFindings, type Bounds } from "../harness/cost-findings";
import { paired, type Contestant } from "../harness/paired";
import { PollLoad } from "../harness/poll-load";
import { processorTimeUs } from "../harness/processor-time";
import type { Context, Finding, Question } from "../harness/question";
import { quiet } from "../harness/quiet";
import { keyForm, pollsTarget, registerForm, seed } from "../harness/seed";
import { summary } from "../harness/statistics";
import { clockMs, getRequest, postRequest, Wire } from "../harness/wire";

/** An answer of 2.3 KB. */
const APP = { appid: "bench.fan-out", instances: 5 };
/** The other request: a heartbeat of another app. */
const OTHER = { appid: "bench.meanwhile", instances: 1 };

/** What a server does after the last answer has left it belongs to the fan-out. */
const AFTER_MS = 30;

interface Size {
  readonly pollers: number;
  readonly cost: Bounds;
  readonly delay: Bounds;
}

const SIZES: readonly Size[] = [
  { pollers: 1_000, cost: { gate: 3 }, delay: {} },
  { pollers: 10_000, cost: { goal: 1.1, most: 1.3 }, delay: { goal: 40, most: 60 } },
];

export const fanOut: Question = {
  name: "fan-out",
  asks: "What does it cost to tell a change to all who wait for it, and who is delayed?",
  isGated: true,
  async run(context) {
    const findings: Finding[] = [];
    for (const size of context.quick ? SIZES.slice(0, 1) : SIZES) {
      findings.push(...(await fanOutTo(size, context)));
    }
    return findings;
  },
};

/** A server whose polls one change answers. */
interface Server {
  readonly name: string;
  readonly port: number;
  readonly host?: string;
  readonly pid: number;
  /** Before each fan-out. Resolves with what the pollers are to ask. */
  prepare(wire: Wire): Promise<string>;
  /** The round's change, as a form that is sent to `changePath`. */
  change(round: number): string;
  readonly changePath: string;
  readonly probe: string;
}

/** What clients saw of one fan-out, in milliseconds after the change was sent. */
interface Seen {
  readonly first: number;
  readonly median: number;
  readonly last: number;
  readonly delay: number;
}

async function fanOutTo({ pollers, cost, delay }: Size, context: Context): Promise<Finding[]> {
  const registry = await context.registry();
  const answer = await bodyOf(await seeded(registry));
  const bare = await context.bare({ answer, hold: true });
  const servers = [bareSide(bare), registrySide("ours", registry)];
  const { rival } = context;
  if (rival) servers.push(registrySide("the rival", await seeded(rival)));

  const prober = context.own(new PollLoad());
  const seen = new Map<Server, Seen[]>();
  const contestants: Contestant[] = [];
  for (const server of servers) {
    const load = context.own(new PollLoad());
    await load.do("open", { port: server.port, host: server.host, count: pollers });
    const wire = await Wire.open(server.port, server.host);
    context.own({ close: () => wire.destroy() });
    const rounds: Seen[] = [];
    seen.set(server, rounds);
    contestants.push({
      name: server.name,
      async measure() {
        const { us, ...times } = await fanOutOnce({ server, load, prober, wire, round: rounds.length });
        rounds.push(times);
        return us / pollers;
      },
    });
  }
  const costs = await paired(contestants as [Contestant, ...Contestant[]], context);
  const what = `fan-out to ${pollers.toLocaleString("en")}`;
  return [
    ...costFindings(`${what}, a poller`, "a bare server telling as many as much", costs, cost),
    ...servers.flatMap((server) => {
      const bounds = server.name === "ours" ? delay : {};
      // The first round has warmed up.
      return seenFindings(`${what}, ${server.name}`, (seen.get(server) as Seen[]).slice(1), bounds);
    }),
  ];
}

function seenFindings(what: string, rounds: readonly Seen[], delay: Bounds): Finding[] {
  const of = (name: keyof Seen) => summary(rounds.map((seen) => seen[name]));
  return [
    { what: `${what}: change to the first client`, value: of("first"), unit: "ms" },
    { what: `${what}: change to the median client`, value: of("median"), unit: "ms" },
    { what: `${what}: change to the last client`, value: of("last"), unit: "ms" },
    { what: `${what}: worst delay of another request`, value: of("delay"), unit: "ms", ...delay },
  ];
}

interface Cast {
  readonly server: Server;
  readonly load: PollLoad;
  readonly prober: PollLoad;
  readonly wire: Wire;
  readonly round: number;
}

/** One change, once all polls hang. Its processor time is of the fan-out and of the probes during it. */
async function fanOutOnce({ server, load, prober, wire, round }: Cast): Promise<Seen & { us: number }> {
  const { port, host, pid, probe } = server;
  await load.do("poll", { target: await server.prepare(wire) });
  await quiet(pid);
  await prober.do("probe", { port, host, request: probe });
  const before = processorTimeUs(pid);
  const start = clockMs();
  const changed = wire.post(server.changePath, server.change(round));
  const { first, median, last } = await load.do("answered", {});
  await changed;
  await sleep(AFTER_MS);
  const us = processorTimeUs(pid) - before;
  const delay = await prober.do("probed", {});
  return { us, first: first - start, median: median - start, last: last - start, delay };
}

function bareSide({ port, pid }: { port: number; pid: number }): Server {
  return {
    name: "bare",
    port,
    pid,
    prepare: () => Promise.resolve("/"),
    change: () => "",
    changePath: "/",
    probe: getRequest("/probe"),
  };
}

function registrySide(
  name: string,
  { port, host, pid }: { port: number; host?: string; pid: number },
): Server {
  return {
    name,
    port,
    ...(host === undefined ? {} : { host }),
    pid,
    async prepare(wire) {
      // The rounds last longer than a lease.
      for (let i = 0; i < APP.instances; i++) await wire.post("/discovery/renew", keyForm(APP.appid, i));
      return pollsTarget(APP.appid, await versionOf(wire));
    },
    change: (round) => registerForm(APP.appid, round % APP.instances, `1.5.${round}`),
    changePath: "/discovery/register",
    probe: postRequest("/discovery/renew", keyForm(OTHER.appid, 0)),
  };
}

async function versionOf(wire: Wire): Promise<bigint> {
  const { tail } = await wire.get(pollsTarget(APP.appid, 0n));
  const version = /"latest_timestamp":(\d+)/.exec(tail)?.[1];
  if (version === undefined) throw new Error(`a poll was answered without a version: ${tail}`);
  return BigInt(version);
}

async function seeded<T extends { port: number; host?: string }>(at: T): Promise<T> {
  for (const each of [APP, OTHER]) await seed(at, each);
  return at;
}

async function bodyOf({ port }: { port: number }): Promise<string> {
  const response = await request(`http://127.0.0.1:${port}${pollsTarget(APP.appid, 0n)}`);
  return response.body.text();
}
