import { costOf, paired, type Contestant, type Cost } from "../harness/paired";
import type { Finding, Question } from "../harness/question";
import { ScriptProcess } from "../harness/script-process";
import { summary } from "../harness/statistics";

const OVER = "a bare grpc-js client with round_robin";

/** Two processes of one kind differ by more than what is looked for, by what the compiler has made of it: several stand for it. */
const PROCESSES = 4;
/** Each has several slices of a round's time: so shorter ones. */
const SLICES = 5;
/** Until the code is compiled. */
const WARM_UP_CALLS = 5_000;

const WARDEN = "a call of a dialled WardenClient: deadline, breaker, metadata, metrics, p2c";

type Described = Pick<Finding, "what" | "goal" | "most">;

/** Kinds of grpc-caller.cjs that are compared with its `bare`. */
const KINDS: ReadonlyMap<string, Described> = new Map([
  ["p2c", { what: "a call through resolver and p2c alone", goal: 1.02, most: 1.05 }],
  ["wrr", { what: "a call through resolver and wrr alone" }],
  ["warden", { what: WARDEN, most: 1.05 }],
  [
    "bare-with-deadline",
    { what: "a call of the bare client with a deadline and a caller header of its own" },
  ],
]);

export const grpcCall: Question = {
  name: "grpc-call",
  asks: "What does a gRPC call cost its client?",
  async run(context) {
    const servers = context.own(new ScriptProcess("grpc-servers.cjs"));
    const addresses = (await servers.do<string[]>()).join(",");
    const callersOf = (kind: string) =>
      Array.from({ length: context.quick ? 1 : PROCESSES }, () =>
        context.own(new ScriptProcess("grpc-caller.cjs", [kind, addresses])),
      );
    const bareCallers = callersOf("bare");
    const others = [...KINDS.keys()].map((kind) => ({ kind, callers: callersOf(kind) }));
    const all = [bareCallers, ...others.map(({ callers }) => callers)].flat();
    await Promise.all(all.map((caller) => caller.do({ calls: WARM_UP_CALLS })));

    const [bare, ...costs] = (await paired(
      [
        contestant("bare", bareCallers, 0),
        ...others.map(({ kind, callers }) => contestant(kind, callers, 1)),
      ],
      { rounds: context.rounds * SLICES, sliceMs: context.sliceMs / SLICES },
    )) as [Cost, ...Cost[]];
    return [
      stackFinding(costs),
      ...costs.flatMap(findings),
      { what: `${OVER}, processor time`, value: bare.us, unit: "us" },
    ];
  },
};

/** What the stack adds to a call that says the same: whoever calls without it gives a deadline, too. */
function stackFinding(costs: readonly Cost[]): Finding {
  const roundsOf = (kind: string) => (costs.find(({ name }) => name === kind) as Cost).rounds;
  const base = roundsOf("bare-with-deadline");
  const value = summary(roundsOf("warden").map((us, i) => us / (base[i] as number)));
  return {
    what: `${WARDEN}, over a bare client's with the same deadline and header`,
    value,
    unit: "x",
    most: 1.05,
  };
}

/**
 * The processes of a kind take turns, round by round. @param shift by so many in each cycle: so each process of one kind
 * is compared with each of the other.
 */
function contestant(name: string, callers: readonly ScriptProcess[], shift: number): Contestant {
  let turn = 0;
  const measure = (ms: number) => {
    const at = turn + shift * Math.floor(turn / callers.length);
    turn++;
    const caller = callers[at % callers.length] as ScriptProcess;
    return costOf({ pids: [caller.pid], run: () => caller.do<number>({ ms }) });
  };
  return { name, measure };
}

function findings({ name, ratio, us }: Cost): Finding[] {
  const { what, ...bounds } = KINDS.get(name) as Described;
  return [
    { what: `${what}, over ${OVER}`, value: ratio, unit: "x", ...bounds },
    { what: `${what}, processor time`, value: us, unit: "us" },
  ];
}
