import type { Clock } from "@discoveryd/runtime";
import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import { key, registering } from "../testing/builders";
import { recorder, START_MS, type LogLine } from "../testing/use-node";
import { Registry } from "./registry";
import type { StoredInstance } from "./stored-instance";
import { Sweeper } from "./sweeper";

interface Setup {
  readonly clock?: FakeClock;
  /** What the sweeper and the registry see of it. */
  readonly seen?: Clock;
  readonly threshold?: number;
  readonly isSelf?: (stored: StoredInstance) => boolean;
}

const started: { sweeper: Sweeper; clock: FakeClock }[] = [];

afterEach(() => {
  for (const { sweeper, clock } of started.splice(0)) {
    sweeper.close();
    sweeper.close();
    expect(clock.pending).toBe(0);
  }
});

function start({
  clock = new FakeClock(START_MS),
  seen = clock,
  threshold = 0.85,
  isSelf = () => false,
}: Setup = {}) {
  const logs: LogLine[] = [];
  const registry = new Registry({ clock: seen, guard: { threshold, minInstances: 10, matureMs: 90_000 } });
  const sweeper = new Sweeper({
    registry,
    policy: { ttlMs: 90_000, ceilingMs: 3_600_000, keepShare: 0.85 },
    isSelf,
    isAwaited: () => false,
    logger: recorder(logs),
    clock: seen,
    random: seededRandom(1),
  });
  sweeper.start();
  started.push({ sweeper, clock });
  return { registry, sweeper, clock, logs };
}

/** Registers so many instances of one app. */
function fill(registry: Registry, count: number): void {
  for (let i = 0; i < count; i++) registry.register(registering({ hostname: `h${i}` }));
}

/** Lets time pass while all but the first `silent` of `count` renew every 30 s. */
async function pass(
  clock: FakeClock,
  registry: Registry,
  ms: number,
  count: number,
  silent: number,
): Promise<void> {
  for (const end = clock.monotonic() + ms; clock.monotonic() < end;) {
    await clock.advance(30_000);
    for (let i = silent; i < count; i++) registry.renew({ ...key, hostname: `h${i}` });
  }
}

test("an instance not renewed for 90 s is evicted within 1 s of that, and not before", async () => {
  const { registry, clock } = start();
  await clock.advance(250);
  registry.register(registering());
  await clock.advance(89_999);
  expect(registry.size).toBe(1);
  await clock.advance(1_001);
  expect(registry.size).toBe(0);
});

test("each renewal begins the lease anew", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  for (let i = 0; i < 10; i++) {
    await clock.advance(89_000);
    registry.renew(key);
  }
  expect(registry.size).toBe(1);
});

test("an eviction is logged with what went, and counted", async () => {
  const { registry, sweeper, clock, logs } = start();
  registry.register(registering());
  await clock.advance(91_000);
  expect(sweeper.state.evicted).toBe(1);
  expect(logs).toEqual([
    expect.objectContaining({
      ...key,
      msg: "instance evicted: its lease ran out",
      addrs: ["grpc://127.0.0.1:9000"],
      silentMs: 90_000,
    }),
  ]);
});

test("at most 15 % of the registry are evicted in a minute, of what expired over all apps", async () => {
  const { registry, sweeper, clock } = start({ threshold: 0 });
  for (let i = 0; i < 100; i++) registry.register(registering({ appid: `app-${i % 10}`, hostname: `h${i}` }));
  await clock.advance(91_000);
  expect(sweeper.state).toMatchObject({ evicted: 15, held: 85 });
  expect(new Set([...registry.apps.all()].map(({ size }) => size)).size).toBeGreaterThan(1);
  await clock.advance(58_000);
  expect(sweeper.state.evicted).toBe(15);
  await clock.advance(2_000);
  expect(sweeper.state).toMatchObject({ evicted: 27, held: 73 });
});

test("a small registry loses its dead, one a minute at least", async () => {
  const { registry, clock } = start();
  fill(registry, 3);
  await clock.advance(91_000);
  expect(registry.size).toBe(2);
  await clock.advance(60_000);
  expect(registry.size).toBe(1);
  await clock.advance(60_000);
  expect(registry.size).toBe(0);
});

test("when too few renewals come nothing is evicted, and the log says so once", async () => {
  const { registry, sweeper, clock, logs } = start();
  fill(registry, 20);
  await pass(clock, registry, 120_000, 20, 0);
  await clock.advance(600_000);
  expect(registry.size).toBe(20);
  expect(sweeper.state).toMatchObject({ protecting: true, renewals: 0, expected: 40, evicted: 0 });
  expect(logs.map(({ msg }) => msg)).toEqual(["self-preservation began: too few renewals come"]);
});

test("under self-preservation what has been silent for an hour goes", async () => {
  const { registry, sweeper, clock } = start();
  fill(registry, 20);
  await pass(clock, registry, 120_000, 20, 0);
  await clock.advance(3_599_000);
  expect(registry.size).toBe(20);
  await clock.advance(2_000);
  expect(sweeper.state).toMatchObject({ protecting: true, evicted: 3, held: 17 });
});

test("when renewals come again self-preservation ends, and the log says so", async () => {
  const { registry, sweeper, clock, logs } = start();
  fill(registry, 20);
  await pass(clock, registry, 120_000, 20, 0);
  await clock.advance(300_000);
  await pass(clock, registry, 120_000, 20, 0);
  expect(sweeper.state.protecting).toBe(false);
  expect(logs.at(-1)).toMatchObject({ msg: "self-preservation ended: enough renewals come", level: 30 });
  expect(registry.size).toBe(20);
});

test("nine instances are too few for self-preservation", async () => {
  const { registry, sweeper, clock } = start();
  fill(registry, 9);
  await pass(clock, registry, 120_000, 9, 0);
  await clock.advance(91_000);
  expect(sweeper.state).toMatchObject({ protecting: false, evicted: 1 });
});

test("the node itself is never evicted", async () => {
  const { registry, clock } = start({ isSelf: ({ instance }) => instance.hostname === "h1" });
  registry.register(registering());
  await clock.advance(7_200_000);
  expect(registry.size).toBe(1);
});

test("after the process stood still nothing is evicted for a lease: it was us who did not listen", async () => {
  const clock = new FakeClock(START_MS);
  const lag = { ms: 0 };
  const seen: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic() + lag.ms,
    after: (ms, fn) => clock.after(ms, fn),
  };
  const { registry, logs } = start({ clock, seen });
  registry.register(registering());
  lag.ms = 300_000;
  await clock.advance(89_000);
  expect(registry.size).toBe(1);
  expect(logs).toEqual([
    expect.objectContaining({
      msg: "the process stood still: nothing is evicted for a lease",
      stalledMs: 300_500,
    }),
  ]);
  await clock.advance(2_000);
  expect(registry.size).toBe(0);
});

test("what is over is forgotten every 30 s", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  registry.cancel(key);
  await clock.advance(211_000);
  expect(registry.tombstones.size).toBe(0);
});
