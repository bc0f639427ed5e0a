import { NodeStats, type Outcome } from "./node-stats";

/** Ends calls that took so long, one each `everyMs`; gives the time of the last. */
function run(
  stats: NodeStats,
  calls: number,
  tookMs: number,
  outcome: Outcome = "success",
  from = 0,
  everyMs = 10,
) {
  for (let i = 1; i <= calls; i++) {
    stats.started();
    stats.ended(outcome, tookMs, from + i * everyMs);
  }
  return from + calls * everyMs;
}

test("calls under way are counted from their start to their end", () => {
  const stats = new NodeStats();
  stats.started();
  stats.started();
  expect(stats.inflight).toBe(2);
  stats.ended("success", 1, 1);
  stats.ended("unknown", 1, 1);
  expect(stats.inflight).toBe(0);
});

test("a latency is known from the fifth sample on", () => {
  const stats = new NodeStats();
  run(stats, 4, 5);
  expect(stats.latencyMs).toBeUndefined();
  run(stats, 1, 5, "success", 40);
  expect(stats.latencyMs).toBe(5);
});

test("a cold first call does not count: the best of the first ones does", () => {
  const stats = new NodeStats();
  run(stats, 1, 200);
  run(stats, 4, 5, "success", 10);
  expect(stats.latencyMs).toBe(5);
});

test("after 600 ms a new latency has taken over by 63 %", () => {
  const stats = new NodeStats();
  const from = run(stats, 500, 10);
  run(stats, 64, 110, "success", from);
  expect(stats.latencyMs).toBeGreaterThan(70);
  expect(stats.latencyMs).toBeLessThan(76);
});

test("a sample after a long silence replaces what was known", () => {
  const stats = new NodeStats();
  const from = run(stats, 8, 100);
  run(stats, 1, 5, "success", from + 3_000);
  expect(stats.latencyMs).toBeLessThan(6);
});

test("pauses of a few calls are no trend, five slow answers in a row are", () => {
  const stats = new NodeStats();
  const from = run(stats, 20, 10);
  const later = run(stats, 4, 500, "success", from);
  expect(stats.latencyMs).toBe(10);
  run(stats, 1, 500, "success", later);
  expect(stats.latencyMs).toBeGreaterThan(15);
});

test("without news the difference to a faster one fades", () => {
  const stats = new NodeStats();
  run(stats, 8, 100);
  expect(stats.forgivenMs(10, 80)).toBe(100);
  expect(stats.forgivenMs(10, 380)).toBeCloseTo(10 + 90 / Math.E);
  expect(stats.forgivenMs(200, 380)).toBe(100);
});

test("a stream that was open for an hour counts as 5 s", () => {
  const stats = new NodeStats();
  run(stats, 5, 3_600_000);
  expect(stats.latencyMs).toBe(5_000);
});

test("a fast failure is no sign of a fast server, a late one is of a slow server", () => {
  const stats = new NodeStats();
  const from = run(stats, 8, 80);
  const later = run(stats, 20, 1, "failure", from);
  expect(stats.latencyMs).toBe(80);
  run(stats, 1, 250, "failure", later + 1_000);
  expect(stats.latencyMs).toBeGreaterThan(180);
});

test("a server whose first call fails has a success rate of 0", () => {
  const stats = new NodeStats();
  run(stats, 1, 1, "failure");
  expect(stats.success).toBe(0);
});

test("after many successes two failures leave more than 70 %, and twenty within 20 ms nearly nothing", () => {
  const stats = new NodeStats();
  const from = run(stats, 100, 5);
  const later = run(stats, 2, 1, "failure", from, 1);
  expect(stats.success).toBeGreaterThan(0.7);
  run(stats, 18, 1, "failure", later, 1);
  expect(stats.success).toBeLessThan(0.05);
});

test("one success after 3 s makes up for failures", () => {
  const stats = new NodeStats();
  const from = run(stats, 50, 1, "failure");
  run(stats, 1, 5, "success", from + 3_000);
  expect(stats.success).toBeGreaterThan(0.95);
});

test("a call that its caller gave up says nothing", () => {
  const stats = new NodeStats();
  run(stats, 20, 1, "unknown");
  expect(stats.success).toBe(1);
  expect(stats.latencyMs).toBeUndefined();
});

test("the first connection to an address that was known measures latency anew, and keeps the rest", () => {
  const stats = new NodeStats();
  run(stats, 20, 5, "failure");
  stats.cpu = 900;
  const { success } = stats;
  stats.connected();
  expect(stats).toMatchObject({ success, cpu: 900, latencyMs: undefined });
});

test("a slow first call does not stand for a server that has just come back", () => {
  const stats = new NodeStats();
  const from = run(stats, 20, 2, "success");
  stats.connected();
  run(stats, 1, 60, "success", from + 5_000);
  expect(stats.latencyMs).toBeUndefined();
  run(stats, 4, 2, "success", from + 5_100);
  expect(stats.latencyMs).toBeLessThan(3);
});

test("a new connection starts without a past, but with the calls that are still under way", () => {
  const stats = new NodeStats();
  run(stats, 20, 50, "failure");
  stats.cpu = 900;
  stats.started();
  stats.reconnected();
  expect(stats).toMatchObject({ success: 1, cpu: undefined, latencyMs: undefined, inflight: 1 });
});

describe("the CPU use of a server", () => {
  test("is due from the first answer, then each 100 ms", () => {
    const stats = new NodeStats();
    expect(stats.isCpuDue(0)).toBe(true);
    stats.readCpu(900, 0);
    expect(stats.isCpuDue(99)).toBe(false);
    expect(stats.isCpuDue(100)).toBe(true);
  });

  test("is kept when an answer does not tell it, and looked for no sooner for that", () => {
    const stats = new NodeStats();
    stats.readCpu(900, 0);
    stats.readCpu(undefined, 100);
    expect(stats.cpu).toBe(900);
    expect(stats.isCpuDue(199)).toBe(false);
  });

  test("is due at once from a new connection", () => {
    const stats = new NodeStats();
    stats.readCpu(900, 0);
    stats.reconnected();
    expect(stats.isCpuDue(1)).toBe(true);
  });
});

test("its age counts from the last pick or the last answer", () => {
  const stats = new NodeStats();
  stats.picked(100, 1);
  expect(stats.ageMs(150)).toBe(50);
  stats.started();
  stats.ended("success", 20, 120);
  expect(stats.ageMs(150)).toBe(30);
});
