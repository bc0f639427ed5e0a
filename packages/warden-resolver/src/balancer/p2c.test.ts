import { seededRandom, type Random } from "@discoveryd/runtime";
import { noisy, simulate } from "../simulation";
import { NodeStats } from "./node-stats";
import { createP2c } from "./p2c";
import type { Candidate } from "./strategy";

interface Known {
  readonly latencyMs?: number;
  readonly inflight?: number;
  readonly success?: number;
  readonly cpu?: number;
  readonly weight?: number;
  readonly slowStartAt?: number;
}

const now = 10_000;

/** A connection of which this is known, with the last answer 10 ms ago. */
function candidate({
  latencyMs = 10,
  inflight = 0,
  success = 1,
  cpu,
  weight = 10,
  slowStartAt,
}: Known): Candidate {
  const stats = new NodeStats();
  for (let i = 0; i < 8; i++) stats.ended("success", latencyMs, now - 10);
  Object.assign(stats, { inflight, success, cpu });
  return { stats, weight, slowStartAt };
}

/** Picks so often at one moment; none of the calls starts. */
function tally(candidates: readonly Candidate[], picks = 4_000, at = now): number[] {
  const chooser = createP2c().over(candidates);
  const random = seededRandom(7);
  const counts = new Map(candidates.map((one) => [one, 0]));
  for (let i = 0; i < picks; i++) {
    const chosen = chooser.pick(at, random);
    counts.set(chosen, (counts.get(chosen) as number) + 1);
  }
  return [...counts.values()].map((count) => count / picks);
}

test.each<[rule: string, a: Known, b: Known, share: number]>([
  ["equals share evenly", {}, {}, 0.5],
  ["latencies within 20 % are equal", { latencyMs: 120 }, { latencyMs: 100 }, 0.5],
  ["latencies within 1 ms are equal", { latencyMs: 1.4 }, { latencyMs: 0.5 }, 0.5],
  ["CPU within 20 % is equal", { cpu: 590 }, { cpu: 500 }, 0.5],
  ["success within 30 % is equal", { success: 0.75 }, {}, 0.5],
  ["a CPU that only one tells does not count", { cpu: 1_000 }, {}, 0.5],
  ["equals with calls under way share by weight", { weight: 30, inflight: 3 }, { inflight: 1 }, 0.75],
  ["the faster one wins", { latencyMs: 100 }, { latencyMs: 10 }, 0],
  ["the one with fewer calls wins", { inflight: 1 }, {}, 0],
  ["the less busy one wins", { cpu: 900 }, { cpu: 400 }, 0],
  ["the one that fails less wins", { success: 0.6 }, {}, 0],
  ["calls under way outweigh latency", { latencyMs: 40 }, { latencyMs: 10, inflight: 2 }, 1],
  ["being fast is no merit of one that fails", { latencyMs: 1, success: 0.6 }, { latencyMs: 1_000 }, 0],
  ["one that always fails loses to one with a thousand calls", { success: 0 }, { inflight: 1_000 }, 0],
  ["ten times the weight bears ten times the calls", { weight: 100, inflight: 99 }, { inflight: 11 }, 1],
])("%s", (_rule, a, b, share) => {
  expect(tally([candidate(a), candidate(b)])[0]).toBeCloseTo(share, 1);
});

test("the order of two does not matter", () => {
  expect(tally([candidate({ latencyMs: 10 }), candidate({ latencyMs: 100 })])[0]).toBe(1);
});

test("equals share exactly by weight", () => {
  const shares = tally(
    [candidate({ weight: 10 }), candidate({ weight: 20 }), candidate({ weight: 70 })],
    20_000,
  );
  expect(shares[0]).toBeCloseTo(0.1, 1);
  expect(shares[1]).toBeCloseTo(0.2, 1);
  expect(shares[2]).toBeCloseTo(0.7, 1);
});

test("one in its slow start is drawn as often as it has grown", () => {
  const shares = tally([candidate({ slowStartAt: now - 1_500 }), candidate({}), candidate({})], 20_000);
  expect(shares[0]).toBeGreaterThan(0.17);
  expect(shares[0]).toBeLessThan(0.23);
});

test("a slow one that was not heard of for a while may be faster now", () => {
  const list = [candidate({ latencyMs: 30 }), candidate({ latencyMs: 10 })];
  expect(tally(list, 100, now + 500)[0]).toBe(0);
  expect(tally(list, 100, now + 800)[0]).toBeGreaterThan(0.3);
});

test("one that is twenty times slower is tried again after a second and a half, with one call", () => {
  const list = [candidate({ latencyMs: 200 }), candidate({ latencyMs: 10 })];
  const [slow, fast] = list as [Candidate, Candidate];
  const chooser = createP2c().over(list);
  const random = seededRandom(1);
  const at: number[] = [];
  for (let ms = 1; ms <= 4_000; ms++) {
    const { stats } = chooser.pick(now + ms, random);
    if (stats === slow.stats) at.push(ms);
    stats.started();
    stats.ended("success", stats === slow.stats ? 200 : 10, now + ms);
  }
  expect(fast.stats.latencyMs).toBeCloseTo(10);
  expect(at).toHaveLength(2);
  expect(at[0]).toBeGreaterThan(1_300);
});

test.each([
  ["one caller", { callers: 1 }],
  ["200 calls/s", { callsPerSecond: 200 }],
])("pauses of single calls cost a server little of its share: %s", (_load, load) => {
  const answer = (_now: number, random: Random) => ({
    ms: noisy(2, random) + (random() < 0.3 ? 30 * random() : 0),
  });
  const result = simulate({
    strategy: createP2c(),
    servers: [{ answer }, { answer }, { answer }],
    durationMs: 10_000,
    ...load,
  });
  for (let from = 0; from < 10_000; from += 1_000) {
    expect(Math.min(...result.shares(from, from + 1_000))).toBeGreaterThan(0.2);
  }
});

test("one that fails is chosen once each 3 s", () => {
  const list = [candidate({ success: 0 }), candidate({}), candidate({})];
  const chooser = createP2c().over(list);
  const random = seededRandom(1);
  list[0]?.stats.picked(now, 0);
  const at: number[] = [];
  for (let ms = 1; ms <= 10_000; ms++) if (chooser.pick(now + ms, random) === list[0]) at.push(ms);
  expect(at).toHaveLength(3);
  expect(at[0]).toBeGreaterThanOrEqual(3_000);
  expect(at[0]).toBeLessThan(3_010);
  expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(3_000);
});

test("with few calls one that fails gets one in twenty at most", () => {
  const list = [candidate({ success: 0 }), candidate({})];
  const chooser = createP2c().over(list);
  const random = seededRandom(1);
  list[0]?.stats.picked(now, 0);
  let failed = 0;
  for (let call = 1; call <= 100; call++) if (chooser.pick(now + 1_000 * call, random) === list[0]) failed++;
  expect(failed).toBeGreaterThan(2);
  expect(failed).toBeLessThanOrEqual(5);
});

test("each of fifty is looked at within fifty picks", () => {
  const list = Array.from({ length: 50 }, (_, i) => candidate({ success: i === 17 ? 0 : 1 }));
  for (const one of list) one.stats.picked(now, 0);
  const chooser = createP2c().over(list);
  const random = seededRandom(1);
  for (let i = 0; i < 100; i++) chooser.pick(now + 1, random);
  const chosen = Array.from({ length: 50 }, () => chooser.pick(now + 3_000, random));
  expect(chosen).toContain(list[17]);
});
