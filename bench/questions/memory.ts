import { BareServer } from "../harness/bare-server";
import { ClosedLoop } from "../harness/closed-loop";
import { registerSpread, type Spread } from "../harness/many-instances";
import { PollLoad } from "../harness/poll-load";
import type { Context, Finding, Question } from "../harness/question";
import type { RegistryProcess } from "../harness/registry-process";
import { fetchTarget, pollsTarget, seed } from "../harness/seed";
import { COLLECTABLE, settledBytes } from "../harness/settled-memory";
import { summary } from "../harness/statistics";
import { getRequest } from "../harness/wire";

const APP = { appid: "bench.memory", instances: 5 };
/** Newer than anything that will happen: the poll hangs. */
const NEVER = 2n ** 62n;
const WARM_UP_MS = 500;

const FEW = { prefix: "bench.few", apps: 50, instances: 500 };

interface Size {
  readonly rounds: number;
  readonly polls: number;
  readonly instances: Spread;
  /** Of a held poll. */
  readonly bounds: { readonly goal?: number; readonly most?: number };
}

const FULL: Size = {
  rounds: 3,
  polls: 10_000,
  instances: { prefix: "bench.many", apps: 2_000, instances: 20_000 },
  bounds: { goal: 11_000, most: 14_000 },
};
/** Of few each takes more: the process has not yet grown to what it needs. */
const QUICK: Size = {
  rounds: 1,
  polls: 2_000,
  instances: { prefix: "bench.many", apps: 400, instances: 4_000 },
  bounds: {},
};

export const memory: Question = {
  name: "memory",
  asks: "What memory do a poll that hangs and an instance take?",
  async run(context) {
    const size = context.quick ? QUICK : FULL;
    // Each in a process of its own: what one round leaves behind is not there for the next.
    const [ours, bare, resident, heap]: [number[], number[], number[], number[]] = [[], [], [], []];
    for (let round = 0; round < size.rounds; round++) {
      ours.push(await heldPollOfOurs(size, context));
      bare.push(await heldPollOfBare(size, context));
      const instance = await instanceBytes(size, context);
      resident.push(instance.resident);
      heap.push(instance.heap);
    }
    const polls = size.polls.toLocaleString("en");
    const instances = `${size.instances.instances.toLocaleString("en")} in ${size.instances.apps.toLocaleString("en")} apps`;
    return [
      finding(`resident memory a held poll, of ${polls}`, ours, size.bounds),
      finding(`resident memory a request that a bare server holds, of ${polls}`, bare),
      finding(`resident memory an instance, of ${instances}`, resident),
      finding(`heap and buffers an instance, of ${instances}`, heap),
    ];
  },
};

function finding(what: string, rounds: readonly number[], bounds: Size["bounds"] = {}) {
  return { what, value: summary(rounds), unit: "bytes", ...bounds } satisfies Finding;
}

async function heldPollOfOurs({ polls }: Size, context: Context): Promise<number> {
  const registry = await context.registry({ nodeFlags: COLLECTABLE });
  await seed(registry, APP);
  await warmUp(registry.port, fetchTarget(APP.appid));
  const bytes = await heldBytes(registry, { polls, target: pollsTarget(APP.appid, NEVER) }, context);
  await registry.end();
  return bytes;
}

async function heldPollOfBare({ polls }: Size, context: Context): Promise<number> {
  const bare = context.own(await BareServer.start({ answer: "{}", hold: true }, COLLECTABLE));
  await warmUp(bare.port, "/probe");
  const bytes = await heldBytes(bare, { polls, target: "/" }, context);
  await bare.end();
  return bytes;
}

/** Code and buffers that the first requests make belong to nobody. */
async function warmUp(port: number, target: string): Promise<void> {
  const loop = await ClosedLoop.open({ port }, [Buffer.from(getRequest(target))]);
  await loop.run(WARM_UP_MS);
  loop.close();
}

/** What a server has more once so many requests hang there, each on a connection of its own. */
async function heldBytes(
  { port, pid }: { port: number; pid: number },
  { polls, target }: { polls: number; target: string },
  context: Context,
): Promise<number> {
  const load = context.own(new PollLoad());
  const before = await settledBytes(pid);
  await load.do("open", { port, count: polls });
  await load.do("poll", { target });
  const after = await settledBytes(pid);
  await load.end();
  return (after - before) / polls;
}

async function instanceBytes(
  { instances: spread }: Size,
  context: Context,
): Promise<{ resident: number; heap: number }> {
  const registry = await context.registry({ nodeFlags: COLLECTABLE });
  await registerSpread(registry.port, FEW);
  const before = { resident: await settledBytes(registry.pid), heap: await heapOf(registry) };
  await registerSpread(registry.port, spread);
  const after = { resident: await settledBytes(registry.pid), heap: await heapOf(registry) };
  await registry.end();
  return {
    resident: (after.resident - before.resident) / spread.instances,
    heap: (after.heap - before.heap) / spread.instances,
  };
}

async function heapOf(registry: RegistryProcess): Promise<number> {
  const [heap, buffers] = await Promise.all([
    registry.metric("nodejs_heap_size_used_bytes"),
    registry.metric("nodejs_external_memory_bytes"),
  ]);
  return heap + buffers;
}
