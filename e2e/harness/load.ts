import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually";
import type { Demo, Hello } from "./use-demo";

/** One call of a loop. Times are those of `performance.now()`. */
export interface Call extends Hello {
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface Load {
  /** The calls that have ended so far. */
  readonly calls: readonly Call[];
  /** Starts no further calls, and resolves with all of them. */
  stop(): Promise<readonly Call[]>;
}

// 200 calls a second over the loops, as long as each is answered in time.
const BETWEEN_CALLS_MS = 5;

// For a hundred or two: a second on a quick machine.
const FURTHER_MS = 20_000;

/** The most calls under way at a time. */
const CONCURRENCY = 4;

/** Says hello over and over, some 200 times a second. */
export function startLoad(demo: Demo): Load {
  const calls: Call[] = [];
  let stopped = false;
  async function loop(): Promise<void> {
    while (!stopped) {
      const startedAt = performance.now();
      const hello = await demo.sayHello();
      calls.push({ ...hello, startedAt, endedAt: performance.now() });
      await sleep(Math.max(0, startedAt + BETWEEN_CALLS_MS * CONCURRENCY - performance.now()));
    }
  }
  const loops = Promise.all(Array.from({ length: CONCURRENCY }, loop));
  // Looked at in `stop`; until then a failure is not unhandled.
  loops.catch(() => {});
  return {
    calls,
    async stop() {
      stopped = true;
      await loops;
      return calls;
    },
  };
}

/** Resolves when so many further calls have ended. */
export async function further(load: Load, count: number): Promise<void> {
  const until = load.calls.length + count;
  await eventually(() => expect(load.calls.length).toBeGreaterThanOrEqual(until), FURTHER_MS);
}

/** The calls that did not get their hello. */
export function failed(calls: readonly Call[]): Call[] {
  return calls.filter(({ code }) => code !== 0);
}

/** How many calls each server has answered. */
export function shares(calls: readonly Hello[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { served_by: server = "nobody" } of calls) counts[server] = (counts[server] ?? 0) + 1;
  return counts;
}
