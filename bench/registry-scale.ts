/**
 * How much memory and time does one registry process take, with 100,000 instances that renew and 20,000 polls that hang?
 *
 *   tsx bench/registry-scale.ts            about 3 minutes
 *   tsx bench/registry-scale.ts --quick    a small run, in seconds
 *
 * Build packages/registry-server first. Prints a table, then the same as JSON. Loopback only; ends all it has started.
 */
import { cpus, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "./harness/statistics";
import { growth, table, type Figure } from "./scale/figures";
import { LoadProcess, ServerProcess, type Inside } from "./scale/processes";
import { fullPlan, keyForm, quickPlan, type Plan } from "./scale/plan";
import { Wire, clockMs } from "./harness/wire";

const CHANGE_MS = 1_000;
const MS_PER_S = 1_000;
const NANOS_PER_MS = 1_000_000n;

interface Cast {
  readonly plan: Plan;
  readonly server: ServerProcess;
  readonly main: LoadProcess;
  readonly watchers: LoadProcess;
  readonly prober: LoadProcess;
}

void run(process.argv.includes("--quick") ? quickPlan : fullPlan);

async function run(plan: Plan): Promise<void> {
  const server = await ServerProcess.start();
  const loads = ["load", "watchers", "prober"].map((name) => new LoadProcess(name, plan, server.port));
  const [main, watchers, prober] = loads as [LoadProcess, LoadProcess, LoadProcess];
  const cast = { plan, server, main, watchers, prober };
  const loadBefore = loadavg()[0] as number;
  try {
    const figures = [
      ...(await step("instances", () => measureInstances(cast))),
      ...(await step("polls", () => measurePolls(cast))),
      ...(await step("heartbeats", () => measureHeartbeats(cast))),
      ...(await step("fetch/all", () => measureFetchAll(cast))),
      ...(await step("changes", () => measureChanges(cast))),
    ];
    process.stdout.write(`\n${table(figures)}\n\n`);
    const machine = { cpus: cpus().length, model: cpus()[0]?.model, node: process.version, loadBefore };
    process.stdout.write(`${JSON.stringify({ plan, machine, figures })}\n`);
  } finally {
    await Promise.all([server, ...loads].map((child) => child.end()));
  }
}

async function step(name: string, measure: () => Promise<Figure[]>): Promise<Figure[]> {
  const start = clockMs();
  const figures = await measure();
  process.stderr.write(`${name}: ${((clockMs() - start) / MS_PER_S).toFixed(1)} s\n`);
  return figures;
}

/** Memory of an instance; renewals go on from here to the end. */
async function measureInstances({ plan, server, main }: Cast): Promise<Figure[]> {
  // Code and buffers that the first requests make belong to nobody.
  await main.do("register", { from: 0, to: 1_000, connections: 32 });
  const before = await server.inside(true);
  const start = clockMs();
  await main.do("register", { from: 1_000, to: plan.instances, connections: 32 });
  const seconds = (clockMs() - start) / MS_PER_S;
  const after = await server.inside(true);
  const added = plan.instances - 1_000;
  return [
    { name: "registers a second", value: added / seconds, unit: "" },
    { name: "memory per instance", value: (after.used - before.used) / added, unit: "bytes" },
    { name: "resident memory per instance", value: (after.rss - before.rss) / added, unit: "bytes" },
  ];
}

/** Memory of polls that hang, and what is left of it when they are gone. */
async function measurePolls({ plan, server, main, watchers }: Cast): Promise<Figure[]> {
  const open = async () => {
    const half = Math.floor(plan.polls / 2);
    await Promise.all([
      main.do("openPolls", { count: half }),
      watchers.do("openPolls", { count: plan.polls - half }),
    ]);
    await waitUntil(
      "all polls hang",
      async () => (await server.metric("discoveryd_waiting_polls")) === plan.polls,
    );
  };
  const drop = async () => {
    await Promise.all([main.do("dropPolls", {}), watchers.do("dropPolls", {})]);
    await waitUntil(
      "all polls are gone",
      async () => (await server.metric("discoveryd_waiting_polls")) === 0,
    );
  };
  const before = await settled(server);
  await open();
  const hanging = await settled(server);
  await drop();
  const after = await settled(server);
  const left = await server.metric("discoveryd_waiting_polls");
  await open();
  await drop();
  const again = await settled(server);
  await open();
  return [
    { name: "polls that hang", value: plan.polls, unit: "" },
    { name: "memory per waiting poll", value: (hanging.used - before.used) / plan.polls, unit: "bytes" },
    {
      name: "resident memory per waiting poll",
      value: (hanging.rss - before.rss) / plan.polls,
      unit: "bytes",
    },
    { name: "waiters after polls were dropped", value: left, unit: "", most: 0 },
    {
      name: "memory after polls were dropped, more",
      value: growth(before.used, after.used),
      unit: "%",
      most: 5,
    },
    {
      name: "resident memory after polls were dropped, more",
      value: growth(before.rss, after.rss),
      unit: "%",
    },
    {
      name: "resident memory after the same again, more",
      value: growth(after.rss, again.rss),
      unit: "%",
      most: 5,
    },
  ];
}

/** The event loop with nothing but heartbeats and polls. */
async function measureHeartbeats({ plan, main, ...cast }: Cast): Promise<Figure[]> {
  await main.do("heartbeats", { from: 0, to: plan.instances, connections: 32 });
  const seen = await watched(cast, () => sleep(10 * MS_PER_S));
  return [
    { name: "heartbeats a second", value: plan.instances / 30, unit: "" },
    { name: "processor with heartbeats and polls", value: seen.processor, unit: "%" },
    ...delays("with heartbeats", seen),
  ];
}

/** Every instance in one answer, read by one client at full speed. */
async function measureFetchAll({ plan, server, prober }: Cast): Promise<Figure[]> {
  const wire = await Wire.open(server.port);
  const times: number[] = [];
  let bytes = 0;
  const seen = await watched({ server, prober }, async () => {
    for (let i = 0; i < plan.fetchAlls; i++) {
      const start = clockMs();
      const answer = await wire.get("/discovery/fetch/all");
      times.push(answer.at - start);
      bytes = answer.bytes;
    }
  });
  wire.destroy();
  return [
    { name: "size of fetch/all", value: bytes / 1e6, unit: "MB" },
    { name: "fetch/all, median", value: quantile(times, 0.5), unit: "ms" },
    ...delays("during fetch/all", seen, 50),
  ];
}

/** The big app changes once a second; all its watchers are to know. */
async function measureChanges({ plan, server, watchers, prober }: Cast): Promise<Figure[]> {
  await watchers.do("watch", { count: plan.watchers });
  await sleep(CHANGE_MS);
  const wire = await Wire.open(server.port);
  const changes: { version: bigint; at: number }[] = [];
  const all = await watched({ server, prober }, async () => {
    for (let i = 0; i < plan.changes; i++) {
      const at = clockMs();
      const version = BigInt(Math.floor(at)) * NANOS_PER_MS;
      changes.push({ version, at });
      const form = `${keyForm(plan, i)}&status=${1 + (i % 2)}&set_timestamp=${version}`;
      const { code, tail } = await wire.post("/discovery/set", form);
      if (code !== 0) throw new Error(`a set was answered ${code}: ${tail}`);
      await sleep(Math.max(0, at + CHANGE_MS - clockMs()));
    }
    await waitUntil("all watchers have the last change", async () => {
      const seen = await watchers.do("seen", {});
      return seen.every((list) => heardAt(list, changes.at(-1)!.version) < Infinity);
    });
  });
  wire.destroy();
  const seen = await watchers.do("seen", {});
  const lasts = changes.map(
    ({ version, at }) => Math.max(...seen.map((list) => heardAt(list, version))) - at,
  );
  return [
    { name: "watchers", value: seen.length, unit: "" },
    { name: "change to the last watcher's answer, median", value: quantile(lasts, 0.5), unit: "ms" },
    { name: "change to the last watcher's answer, worst", value: quantile(lasts, 1), unit: "ms" },
    { name: "processor with changes", value: all.processor, unit: "%" },
    ...delays("during changes", all),
  ];
}

/** When a watcher was first shown this version, or a newer one. */
function heardAt(list: readonly [version: string, at: number][], version: bigint): number {
  return list.find(([seen]) => BigInt(seen) >= version)?.[1] ?? Infinity;
}

/** What was seen while some work was done. */
interface Watched extends Pick<Inside, "loop" | "waitedMs"> {
  /** How long each request on another connection took, in milliseconds. */
  readonly probes: readonly number[];
  /** Of one processor, in percent. */
  readonly processor: number;
}

/** Does the work while another connection is asked something each 2 ms and the event loop is watched. */
async function watched(
  { server, prober }: Pick<Cast, "server" | "prober">,
  work: () => Promise<void>,
): Promise<Watched> {
  const before = await server.inside();
  const start = clockMs();
  await prober.do("probe", {});
  await work();
  const probes = await prober.do("probed", {});
  const after = await server.inside();
  const processor = (100 * (after.cpuMs - before.cpuMs)) / (clockMs() - start);
  return { probes, processor, loop: after.loop, waitedMs: after.waitedMs - before.waitedMs };
}

/** @param most what may delay another request, in milliseconds. */
function delays(when: string, { loop, waitedMs, probes }: Watched, most?: number): Figure[] {
  const bound = most === undefined ? {} : { most };
  return [
    { name: `event loop busy at a stretch ${when}, p99`, value: loop.busy.p99Ms, unit: "ms" },
    { name: `event loop busy at a stretch ${when}, worst`, value: loop.busy.maxMs, unit: "ms", ...bound },
    { name: `event loop late ${when}, p99`, value: loop.late.p99Ms, unit: "ms" },
    { name: `event loop late ${when}, worst`, value: loop.late.maxMs, unit: "ms" },
    { name: `another request ${when}, p99`, value: quantile(probes, 0.99), unit: "ms" },
    { name: `another request ${when}, worst`, value: quantile(probes, 1), unit: "ms", ...bound },
    { name: `waited for a processor ${when}`, value: waitedMs, unit: "ms in all" },
  ];
}

/** What the registry uses once what was freed is collected. */
async function settled(server: ServerProcess): Promise<Inside> {
  await server.inside(true);
  await sleep(500);
  return server.inside(true);
}

async function waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = clockMs() + 60 * MS_PER_S;
  while (!(await holds())) {
    if (clockMs() > deadline) throw new Error(`not within 60 s: ${what}`);
    await sleep(100);
  }
}
