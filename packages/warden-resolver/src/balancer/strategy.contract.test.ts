import { seededRandom } from "@discoveryd/runtime";
import { noisy, simulate, type SimAnswer, type SimOptions, type SimServer } from "../simulation";
import { NodeStats } from "./node-stats";
import { createP2c } from "./p2c";
import type { Strategy } from "./strategy";
import { createWrr } from "./wrr";

// What both strategies promise. Simulated on a clock of their own, at all kinds of load.

type Load = Pick<SimOptions, "callers" | "callsPerSecond"> & {
  /** What a usual call takes. */
  readonly ms: number;
};

const strategies: [string, () => Strategy][] = [
  ["p2c", createP2c],
  ["wrr", createWrr],
];
const loads: [string, Load][] = [
  ["1 caller", { callers: 1, ms: 5 }],
  ["8 callers", { callers: 8, ms: 5 }],
  ["64 callers", { callers: 64, ms: 40 }],
  ["200 calls/s", { callsPerSecond: 200, ms: 5 }],
  ["1,000 calls/s", { callsPerSecond: 1_000, ms: 20 }],
];
const cases = strategies.flatMap(([name, create]) =>
  loads.map(([load, rate]) => [name, load, create, rate] as const),
);

describe.each(strategies)("%s", (_name, create) => {
  test("chooses the only one there is", () => {
    const only = { stats: new NodeStats(), weight: 10 };
    const chooser = create().over([only]);
    expect([1, 2, 3].map((now) => chooser.pick(now, seededRandom(1)))).toEqual([only, only, only]);
  });

  test("notes each pick in the stats of the chosen", () => {
    const [a, b] = [1, 2].map(() => ({ stats: new NodeStats(), weight: 10 }));
    const chooser = create().over([a, b] as [typeof a & object, typeof b & object]);
    const chosen = chooser.pick(77, seededRandom(1));
    expect(chosen.stats).toMatchObject({ pickedAt: 77, pickedCount: 1 });
  });

  test("keeps what it learnt when the set of connections changes", () => {
    const strategy = create();
    const [bad, good] = [new NodeStats(), new NodeStats()];
    for (let now = 1; now < 100; now++) {
      bad.ended("failure", 1, now);
      good.ended("success", 80, now);
    }
    const list = [bad, good].map((stats) => ({ stats, weight: 10 }));
    const random = seededRandom(1);
    const picks = Array.from({ length: 100 }, (_, i) => strategy.over(list).pick(100 + i, random).stats);
    expect(picks.filter((stats) => stats === bad).length).toBeLessThan(10);
  });
});

describe.each(cases)("%s with %s", (_name, _load, create, { ms, ...rate }) => {
  const run = (list: SimServer[], durationMs: number) =>
    simulate({ strategy: create(), servers: list, durationMs, ...rate });

  const servers = (count: number, make: (index: number) => Partial<SimServer>): SimServer[] => {
    const usual: SimServer = { answer: (_now, random) => ({ ms: noisy(ms, random) }) };
    return Array.from({ length: count }, (_, index) => ({ ...usual, ...make(index) }));
  };

  /** Three; the first is another from 3 s to 9 s. */
  const disturbed = (during: (usualMs: number) => SimAnswer) =>
    servers(3, (index) => ({
      answer: (now, random) => {
        const usual = { ms: noisy(ms, random) };
        return index === 0 && now >= 3_000 && now < 9_000 ? during(usual.ms) : usual;
      },
    }));

  test.each([3, 10, 50])("%i equal servers share evenly", (count) => {
    const result = run(
      servers(count, () => ({})),
      12_000,
    );
    // 5 %, and four times the deviation that comes with drawing at random.
    const slack = 0.05 + 4 / Math.sqrt(result.calls / count);
    for (const share of result.shares()) expect(Math.abs(share * count - 1)).toBeLessThan(slack);
  });

  test("equals share by weight", () => {
    const shares = run(
      servers(3, (i) => ({ weight: 10 * (i + 1) })),
      12_000,
    ).shares();
    for (const [i, share] of shares.entries()) expect(Math.abs(share - (i + 1) / 6)).toBeLessThan(0.03);
  });

  test("a server that fails at once gets under 10 % after 200 ms, beside one that takes 80 ms", () => {
    const list: SimServer[] = [
      { answer: () => ({ ms: 1, ok: false }) },
      { answer: (_now, random) => ({ ms: noisy(80, random) }) },
    ];
    const result = run(list, 10_000);
    expect(result.shares(200)[0]).toBeLessThan(0.05);
    expect(result.shares(200, 2_200)[0]).toBeLessThan(0.1);
  });

  test("a server that begins to fail loses its traffic within 200 ms, and has it back 5 s after it recovers", () => {
    const result = run(
      disturbed(() => ({ ms: 1, ok: false })),
      18_000,
    );
    expect(result.shares(3_200, 9_000)[0]).toBeLessThan(0.05);
    expect(result.shares(14_000)[0]).toBeGreaterThan(0.28);
  });

  test("a server 20 times slower has under 5 % after 2 s, and a third again 5 s after it recovers", () => {
    const result = run(
      disturbed((usual) => ({ ms: 20 * usual })),
      18_000,
    );
    expect(result.shares(5_000, 9_000)[0]).toBeLessThan(0.05);
    expect(result.shares(14_000)[0]).toBeGreaterThan(0.28);
  });

  test("a busy server gets less", () => {
    const list = servers(3, (i) => ({
      answer: (_now, random) => ({ ms: noisy(ms, random), cpu: i === 0 ? 900 : 400 }),
    }));
    expect(run(list, 8_000).shares()[0]).toBeLessThan(0.25);
  });

  test("idle servers are equal, whatever their CPU says", () => {
    const list = servers(3, (i) => ({
      answer: (_now, random) => ({ ms: noisy(ms, random), cpu: i === 0 ? 150 : 10 }),
    }));
    expect(run(list, 8_000).shares()[0]).toBeGreaterThan(0.27);
  });

  test("a new server starts slowly and ends with its share", () => {
    const result = run(
      servers(3, (i) => (i === 0 ? { joinsAt: 5_000 } : {})),
      15_000,
    );
    expect(result.shares(5_000, 5_500)[0]).toBeLessThan(0.12);
    expect(result.shares(9_000)[0]).toBeGreaterThan(0.28);
  });

  test("servers that all fail share evenly", () => {
    for (const share of run(
      servers(3, () => ({ answer: () => ({ ms, ok: false }) })),
      5_000,
    ).shares()) {
      expect(share).toBeGreaterThan(0.27);
    }
  });
});
