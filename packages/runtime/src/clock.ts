/**
 * Where a part gets its time. Production passes `systemClock`, tests pass a `FakeClock`.
 * Each node of a simulation has its own, so that clocks can be skewed.
 */
export interface Clock {
  /** Milliseconds since the epoch. May jump, forwards or back, when the machine's clock is set. */
  now(): number;
  /** Milliseconds since some fixed moment. Never jumps: leases, deadlines and averages count with this. */
  monotonic(): number;
  /** Calls `fn` once, `ms` from now, never before it has returned itself. Calling the result cancels it. */
  after(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    wait(ms);
    return () => clearTimeout(timer);

    function wait(leftMs: number): void {
      const rest = leftMs - LONGEST_MS;
      // Background work must never be the reason a process stays alive.
      timer = setTimeout(() => (rest > 0 ? wait(rest) : fn()), Math.min(leftMs, LONGEST_MS)).unref();
    }
  },
};

// Of a longer delay, 24 days, setTimeout makes 1 ms.
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Runs `task` every `ms`, counted from the end of one run to the start of the next, so that runs
 * never overlap. Calling the result stops it; a run under way ends by itself.
 *
 * A task handles its expected failures itself: one that throws ends the process, as a bug should.
 */
export function repeat(clock: Clock, ms: number, task: () => void | Promise<void>): () => void {
  let stopped = false;
  let cancel = clock.after(ms, run);
  function run(): void {
    void runOnce();
  }
  async function runOnce(): Promise<void> {
    await task();
    if (!stopped) cancel = clock.after(ms, run);
  }
  return () => {
    stopped = true;
    cancel();
  };
}

/** Resolves after `ms`, or at once when `signal` aborts. Never rejects: look at the signal afterwards. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
