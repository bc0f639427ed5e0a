import type { Finding, Question } from "../harness/question";
import { ScriptProcess } from "../harness/script-process";
import { quantile, summary } from "../harness/statistics";

const BARE = "a bare grpc-js client with round_robin";
const WARDEN = "a call of a dialled WardenClient: deadline, breaker, metadata, metrics, p2c";

/** Until the code is compiled. */
const WARM_UP_CYCLES = 300;

/** What is compared: kinds of grpc-caller.cjs. */
interface Comparison extends Pick<Finding, "what" | "goal" | "most"> {
  readonly kind: string;
  readonly over: string;
}

const COMPARISONS: readonly Comparison[] = [
  {
    kind: "warden",
    over: "bare-with-deadline",
    what: `${WARDEN}, over a bare client's with the same deadline and header`,
    most: 1.05,
  },
  {
    kind: "p2c",
    over: "bare",
    what: `a call through resolver and p2c alone, over ${BARE}`,
    goal: 1.02,
    most: 1.05,
  },
  { kind: "wrr", over: "bare", what: `a call through resolver and wrr alone, over ${BARE}`, most: 1.05 },
  { kind: "warden", over: "bare", what: `${WARDEN}, over ${BARE}` },
  {
    kind: "bare-again",
    over: "bare",
    what: `the same client once more, over ${BARE}: so far do these figures err`,
  },
];

const KINDS = [...new Set(COMPARISONS.flatMap(({ kind, over }) => [kind, over]))];

/** By kind, the processor time of a call in microseconds, turn by turn. */
type Turns = Readonly<Record<string, readonly number[]>>;

/**
 * What is looked for is smaller than what two processes of one kind differ by, as the compiler has made of them: all
 * clients are in one process, and each round has a new one.
 */
export const grpcCall: Question = {
  name: "grpc-call",
  asks: "What does a gRPC call cost its client?",
  async run(context) {
    const servers = context.own(new ScriptProcess("grpc-servers.cjs"));
    const addresses = (await servers.do<string[]>()).join(",");
    const processes = context.quick ? 1 : context.rounds;
    const ms = (context.sliceMs * KINDS.length * context.rounds) / processes;
    const rounds: Turns[] = [];
    while (rounds.length < processes) {
      const caller = context.own(new ScriptProcess("grpc-caller.cjs", [addresses, KINDS.join(",")]));
      await caller.do({ cycles: WARM_UP_CYCLES });
      rounds.push(await caller.do<Turns>({ ms }));
      await caller.end();
    }
    const costs = (kind: string) => summary(rounds.map((turns) => quantile(turnsOf(turns, kind), 0.5)));
    return [
      ...COMPARISONS.map(({ kind, over, ...rest }) => ({
        ...rest,
        value: summary(rounds.map((turns) => ratio(turnsOf(turns, kind), turnsOf(turns, over)))),
        unit: "x" as const,
      })),
      { what: `${BARE}, processor time`, value: costs("bare"), unit: "us" },
      { what: `${WARDEN}, processor time`, value: costs("warden"), unit: "us" },
    ];
  },
};

function turnsOf(turns: Turns, kind: string): readonly number[] {
  const own = turns[kind];
  if (!own || own.length === 0) throw new Error(`grpc-caller.cjs has measured no turn of ${kind}`);
  return own;
}

/** That of neighbouring turns, their median: no turn that was disturbed, or had to collect garbage, weighs more than one. */
function ratio(turns: readonly number[], over: readonly number[]): number {
  return quantile(
    turns.map((us, i) => us / (over[i] as number)),
    0.5,
  );
}
