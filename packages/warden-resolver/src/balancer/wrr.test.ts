import { seededRandom } from "@discoveryd/runtime";
import { NodeStats } from "./node-stats";
import type { Candidate } from "./strategy";
import { createWrr, fitness } from "./wrr";

function weighing(...weights: number[]): Candidate[] {
  return weights.map((weight) => ({ weight, stats: new NodeStats() }));
}

function known(fields: { latencyMs?: number; success?: number; cpu?: number }): NodeStats {
  const stats = new NodeStats();
  for (let i = 0; i < 8 && fields.latencyMs !== undefined; i++) stats.ended("success", fields.latencyMs, 1);
  return Object.assign(stats, fields.success === undefined ? {} : { success: fields.success }, {
    cpu: fields.cpu,
  });
}

test("shares are those of the weights within 2 %, in each single round", () => {
  const list = weighing(10, 20, 30, 40);
  const chooser = createWrr().over(list);
  const random = seededRandom(1);
  for (let round = 0; round < 5; round++) {
    const picks = Array.from({ length: 100 }, () => chooser.pick(round, random));
    for (const one of list) {
      expect(Math.abs(picks.filter((pick) => pick === one).length - one.weight)).toBeLessThanOrEqual(2);
    }
  }
});

test("the turns of a heavy one are spread out", () => {
  const [light, heavy] = weighing(10, 30) as [Candidate, Candidate];
  const chooser = createWrr().over([light, heavy]);
  const random = seededRandom(1);
  const picks = Array.from({ length: 40 }, () => (chooser.pick(0, random) === heavy ? "H" : "l")).join("");
  expect(picks).not.toContain("HHHH");
  expect(picks).not.toContain("ll");
});

test("clients that start together begin with different servers", () => {
  const list = weighing(10, 10, 10, 10);
  const first = Array.from({ length: 40 }, (_, seed) => createWrr().over(list).pick(0, seededRandom(seed)));
  expect(new Set(first).size).toBe(4);
});

test("weights follow what was measured after a second, not before", () => {
  const list = weighing(10, 10, 10);
  const chooser = createWrr().over(list);
  const random = seededRandom(1);
  chooser.pick(0, random);
  for (const [i, { stats }] of list.entries()) {
    for (let n = 0; n < 8; n++) stats.ended("success", i === 0 ? 120 : 10, 1);
  }
  const slow = (at: number) =>
    Array.from({ length: 210 }, () => chooser.pick(at, random)).filter((one) => one === list[0]).length;
  expect(slow(999)).toBe(70);
  expect(slow(1_000)).toBeLessThan(14);
});

test("a server that begins to fail is noticed after 100 ms", () => {
  const list = weighing(10, 10);
  const chooser = createWrr().over(list);
  const random = seededRandom(1);
  chooser.pick(0, random);
  for (let n = 0; n < 20; n++) list[0]?.stats.ended("failure", 1, 1);
  const failing = (at: number) =>
    Array.from({ length: 100 }, () => chooser.pick(at, random)).filter((one) => one === list[0]).length;
  expect(failing(99)).toBe(50);
  expect(failing(100)).toBeLessThan(5);
});

test.each<[rule: string, stats: NodeStats[], factors: number[]]>([
  ["nothing known", [known({}), known({})], [1, 1]],
  ["equal within 20 %", [known({ latencyMs: 100 }), known({ latencyMs: 119 })], [1, 1]],
  ["equal within 1 ms", [known({ latencyMs: 0.1 }), known({ latencyMs: 1 })], [1, 1]],
  [
    "six times slower than most",
    [known({ latencyMs: 60 }), known({ latencyMs: 10 }), known({ latencyMs: 10 })],
    [0.2, 1, 1],
  ],
  [
    "three times faster than most",
    [known({ latencyMs: 10 }), known({ latencyMs: 30 }), known({ latencyMs: 30 })],
    [2.5, 1, 1],
  ],
  [
    "at most ten times",
    [known({ latencyMs: 1 }), known({ latencyMs: 300 }), known({ latencyMs: 300 })],
    [10, 1, 1],
  ],
  ["half of the calls fail", [known({ success: 0.5 }), known({})], [0.25, 1]],
  ["all calls fail: measured again by what is left", [known({ success: 0 }), known({})], [0.02, 1]],
  ["twice as busy", [known({ cpu: 960 }), known({ cpu: 400 }), known({ cpu: 400 })], [0.5, 1, 1]],
  ["a CPU below 20 % is idle", [known({ cpu: 190 }), known({ cpu: 10 }), known({ cpu: 10 })], [1, 1, 1]],
  [
    "a new one counts as the median",
    [known({}), known({ latencyMs: 80 }), known({ latencyMs: 90 })],
    [1, 1, 1],
  ],
])("fitness: %s", (_rule, stats, factors) => {
  for (const [i, factor] of fitness(stats).entries()) expect(factor).toBeCloseTo(factors[i] as number, 5);
});
