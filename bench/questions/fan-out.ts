import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { costFindings, type Bounds } from "../harness/cost-findings";
import { paired, type Contestant } from "../harness/paired";
import { PollLoad } from "../harness/poll-load";
import type { Answered } from "../harness/poll-process";
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
  /** A change, as a form that is sent to `changePath`. */
  change(version: string): string;
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
        const cast = { server, load, wire, version: `1.5.${rounds.length}` };
        const { us, ...times } = await plainFanOut(cast);
        rounds.push({
          ...times,
          delay: await delayDuring({ ...cast, version: `1.6.${rounds.length}` }, prober),
        });
        return us / pollers;
      },
    });
  }
  const costs = await paired(contestants as [Contestant, ...Contestant[]], context);
  const what = `fan-out to ${pollers.toLocaleString("en")}`;
  return [
    ...costFindings(`${what}, a poller`, "res.end(shared buffer) of a bare server", costs, cost),
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
  readonly wire: Wire;
  /** What the change changes to. */
  readonly version: string;
}

/** What one change costs and when it is known, with nothing else to do. */
async function plainFanOut(cast: Cast): Promise<Omit<Seen, "delay"> & { us: number }> {
  await hang(cast);
  const { pid } = cast.server;
  const before = processorTimeUs(pid);
  const start = clockMs();
  const { first, median, last } = await change(cast);
  await sleep(AFTER_MS);
  const us = processorTimeUs(pid) - before;
  return { us, first: first - start, median: median - start, last: last - start };
}

/** The longest that another request takes during one. */
async function delayDuring(cast: Cast, prober: PollLoad): Promise<number> {
  await hang(cast);
  const { port, host, probe } = cast.server;
  await prober.do("probe", { port, host, request: probe });
  await change(cast);
  return prober.do("probed", {});
}

/** Resolves when all polls hang. */
async function hang({ server, load, wire }: Cast): Promise<void> {
  await load.do("poll", { target: await server.prepare(wire) });
  await quiet(server.pid);
}

/** Resolves when all polls are answered. */
async function change({ server, load, wire, version }: Cast): Promise<Answered> {
  const changed = wire.post(server.changePath, server.change(version));
  const answered = await load.do("answered", {});
  await changed;
  return answered;
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
    change: (version) => registerForm(APP.appid, 0, version),
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
