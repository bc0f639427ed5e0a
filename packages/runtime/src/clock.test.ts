import { repeat, sleep, systemClock } from "./clock";
import { FakeClock } from "./fake-clock";

describe("the system's clock", () => {
  test("tells the time since the epoch", () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now()).toBeLessThanOrEqual(Date.now());
  });

  test("has a time that never goes back", () => {
    const first = systemClock.monotonic();
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
  });

  test("calls back once the time has passed, not before it has returned", async () => {
    const startedAt = performance.now();
    let returned = false;
    const calledBack = new Promise<boolean>((resolve) => systemClock.after(0, () => resolve(returned)));
    returned = true;
    const keepAlive = setTimeout(() => undefined, 10_000);
    expect(await calledBack).toBe(true);
    clearTimeout(keepAlive);
    expect(performance.now()).toBeGreaterThanOrEqual(startedAt);
  });

  test("never calls back what was cancelled", async () => {
    let called = false;
    systemClock.after(0, () => (called = true))();
    await new Promise((resolve) => setTimeout(resolve, 1)); // due later than what was cancelled
    expect(called).toBe(false);
  });

  test("does not keep the process alive", () => {
    const held = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = held();
    const cancel = systemClock.after(60_000, () => undefined);
    expect(held()).toBe(before);
    cancel();
  });
});

describe("a delay longer than setTimeout can take", () => {
  const delays: number[] = [];
  const fired: (() => void)[] = [];
  const real = globalThis.setTimeout;

  beforeEach(() => {
    delays.length = fired.length = 0;
    globalThis.setTimeout = ((fn: () => void, ms: number) => {
      delays.push(ms);
      fired.push(fn);
      return real(() => undefined, 0);
    }) as unknown as typeof setTimeout;
  });
  afterEach(() => {
    globalThis.setTimeout = real;
  });

  test("is waited for in pieces", () => {
    const longest = 2 ** 31 - 1;
    let called = false;
    systemClock.after(2 * longest + 5, () => (called = true));
    for (let piece = 0; piece < 3; piece++) {
      expect(called).toBe(false);
      fired[piece]?.();
    }
    expect(delays).toEqual([longest, longest, 5]);
    expect(called).toBe(true);
  });
});

describe("repeat", () => {
  test("waits from the end of one run to the start of the next", async () => {
    const clock = new FakeClock();
    const starts: number[] = [];
    const stop = repeat(clock, 10, async () => {
      starts.push(clock.monotonic());
      await sleep(clock, 25);
    });
    await clock.advance(100);
    expect(starts).toEqual([10, 45, 80]);
    stop();
  });

  test("runs nothing after it was stopped", async () => {
    const clock = new FakeClock();
    let runs = 0;
    const stop = repeat(clock, 10, () => void runs++);
    await clock.advance(25);
    stop();
    await clock.advance(100);
    expect(runs).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test("that is stopped by its own task runs no more", async () => {
    const clock = new FakeClock();
    let runs = 0;
    const stop = repeat(clock, 10, () => {
      runs++;
      stop();
    });
    await clock.advance(100);
    expect(runs).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("leaves a run under way to end by itself when it is stopped", async () => {
    const clock = new FakeClock();
    let ended = false;
    const stop = repeat(clock, 10, async () => {
      await sleep(clock, 5);
      ended = true;
    });
    await clock.advance(12);
    stop();
    await clock.advance(5);
    expect(ended).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe("sleep", () => {
  test("ends when the time has passed", async () => {
    const clock = new FakeClock();
    let awake = false;
    void sleep(clock, 10).then(() => (awake = true));
    await clock.advance(9);
    expect(awake).toBe(false);
    await clock.advance(1);
    expect(awake).toBe(true);
  });

  test("ends at once when its signal aborts, and leaves no timer and no listener", async () => {
    const clock = new FakeClock();
    const aborting = new AbortController();
    const remove = jest.spyOn(aborting.signal, "removeEventListener");
    const asleep = sleep(clock, 10, aborting.signal);
    aborting.abort();
    await asleep;
    expect(clock.pending).toBe(0);
    expect(remove).toHaveBeenCalledTimes(1);
  });

  test("leaves no listener on its signal when the time has passed", async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const remove = jest.spyOn(signal, "removeEventListener");
    void sleep(clock, 10, signal);
    await clock.advance(10);
    expect(remove).toHaveBeenCalledTimes(1);
  });

  test("does not begin when its signal has aborted before", async () => {
    const clock = new FakeClock();
    await sleep(clock, 10, AbortSignal.abort());
    expect(clock.pending).toBe(0);
  });
});
