/**
 * How do p2c and wrr share calls? Simulated on a clock of their own: `tsx bench/balance.ts`.
 * The bounds that must hold are tests: packages/warden-resolver/src/balancer/strategy.contract.test.ts.
 */
import {
  createP2c,
  createWrr,
  noisy,
  simulate,
  type SimAnswer,
  type SimOptions,
  type SimResult,
  type SimServer,
} from "@discoveryd/warden-resolver/simulation";

type Load = Pick<SimOptions, "callers" | "callsPerSecond">;
type Answer = SimServer["answer"];

const strategies = { p2c: createP2c, wrr: createWrr };
const loads: Readonly<Record<string, Load>> = {
  "1 caller": { callers: 1 },
  "64 callers": { callers: 64 },
  "200 calls/s": { callsPerSecond: 200 },
  "2,000 calls/s": { callsPerSecond: 2_000 },
};

const usualMs = 10;
const usual: Answer = (_now, random) => ({ ms: noisy(usualMs, random) });

interface Scenario {
  readonly title: string;
  readonly columns: readonly string[];
  readonly servers: readonly SimServer[];
  readonly durationMs: number;
  /** One cell a column. */
  read(result: SimResult): number[];
}

const scenarios: readonly Scenario[] = [
  ...[3, 10, 50].map((count): Scenario => ({
    title: `${count} equal servers: share of the least and the most called, in % of its fair share`,
    columns: ["least", "most"],
    servers: Array.from({ length: count }, () => ({ answer: usual })),
    durationMs: 20_000,
    read: (result) => extremes(result.shares()).map((share) => share * count),
  })),
  {
    title: "Weights 10, 20 and 30: share of each",
    columns: ["10", "20", "30"],
    servers: [10, 20, 30].map((weight) => ({ weight, answer: usual })),
    durationMs: 20_000,
    read: (result) => result.shares(),
  },
  {
    title: "One answers UNAVAILABLE in 1 ms, the other takes 80 ms: share of the failing one",
    columns: ["first 200 ms", "after 200 ms", "after 2 s"],
    servers: [
      { answer: () => ({ ms: 1, ok: false }) },
      { answer: (_now, random) => ({ ms: noisy(80, random) }) },
    ],
    durationMs: 10_000,
    read: (result) => [result.shares(0, 200), result.shares(200), result.shares(2_000)].map(first),
  },
  {
    title: "One of three fails at once from 5 s to 15 s: its share",
    columns: ["5 to 5.2 s", "5.2 to 15 s", "15 to 20 s", "from 20 s"],
    servers: disturbed(() => ({ ms: 1, ok: false })),
    durationMs: 30_000,
    read: (result) =>
      [
        result.shares(5_000, 5_200),
        result.shares(5_200, 15_000),
        result.shares(15_000, 20_000),
        result.shares(20_000),
      ].map(first),
  },
  {
    title: "One of three is 20 times slower from 5 s to 15 s: its share",
    columns: ["5 to 7 s", "7 to 15 s", "15 to 20 s", "from 20 s"],
    servers: disturbed((ms) => ({ ms: 20 * ms })),
    durationMs: 30_000,
    read: (result) =>
      [
        result.shares(5_000, 7_000),
        result.shares(7_000, 15_000),
        result.shares(15_000, 20_000),
        result.shares(20_000),
      ].map(first),
  },
  {
    title: "CPU 90, 40 and 40 %: share of each",
    columns: ["90 %", "40 %", "40 %"],
    servers: [900, 400, 400].map((cpu) => ({ answer: (now, random) => ({ ...usual(now, random), cpu }) })),
    durationMs: 20_000,
    read: (result) => result.shares(),
  },
  {
    title: "A third server joins at 10 s: its share",
    columns: ["first 0.5 s", "second s", "fifth s", "later"],
    servers: [{ answer: usual, joinsAt: 10_000 }, { answer: usual }, { answer: usual }],
    durationMs: 25_000,
    read: (result) =>
      [
        result.shares(10_000, 10_500),
        result.shares(11_000, 12_000),
        result.shares(14_000, 15_000),
        result.shares(15_000),
      ].map(first),
  },
  {
    title: "Room for 4, 8 and 16 calls at a time: share of each",
    columns: ["4", "8", "16"],
    servers: [4, 8, 16].map((workers) => ({ workers, answer: usual })),
    durationMs: 20_000,
    read: (result) => result.shares(),
  },
];

for (const scenario of scenarios) print(scenario);

/** Three; the first is another from 5 s to 15 s. */
function disturbed(during: (ms: number) => SimAnswer): SimServer[] {
  const answer: Answer = (now, random) => {
    const ms = noisy(usualMs, random);
    return now >= 5_000 && now < 15_000 ? during(ms) : { ms };
  };
  return [{ answer }, { answer: usual }, { answer: usual }];
}

function print({ title, columns, servers, durationMs, read }: Scenario): void {
  console.log(`\n${title}\n`);
  console.log(row(["strategy", "load", "calls", ...columns]));
  console.log(`|${" --- |".repeat(columns.length + 3)}`);
  for (const [name, create] of Object.entries(strategies)) {
    for (const [load, rate] of Object.entries(loads)) {
      const result = simulate({ strategy: create(), servers, durationMs, ...rate });
      const cells = read(result).map((share) => (100 * share).toFixed(1));
      console.log(row([name, load, String(result.calls), ...cells]));
    }
  }
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function first(shares: readonly number[]): number {
  return shares[0] ?? 0;
}

function extremes(shares: readonly number[]): number[] {
  return [Math.min(...shares), Math.max(...shares)];
}
