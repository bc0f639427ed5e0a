import { costOf, paired, type Contestant, type Cost } from "../harness/paired";
import type { Finding, Question } from "../harness/question";
import { ScriptProcess } from "../harness/script-process";

const OVER = "a bare grpc-js client with round_robin";

/** Compiled code, and connections to all servers. */
const WARM_UP_MS = 3_000;

type Described = Pick<Finding, "what" | "goal" | "most">;

/** Kinds of grpc-caller.cjs that are compared with its `bare`. */
const KINDS: ReadonlyMap<string, Described> = new Map([
  ["p2c", { what: "a call through resolver and p2c alone", goal: 1.02, most: 1.05 }],
  ["wrr", { what: "a call through resolver and wrr alone" }],
  [
    "warden",
    { what: "a call of a dialled WardenClient: deadline, breaker, metadata, metrics, p2c", most: 1.05 },
  ],
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
    const [base, ...others] = ["bare", ...KINDS.keys()].map(
      (kind) => [kind, context.own(new ScriptProcess("grpc-caller.cjs", [kind, addresses]))] as const,
    );
    const callers = [base as NonNullable<typeof base>, ...others] as const;
    await Promise.all(callers.map(([, caller]) => caller.do({ ms: WARM_UP_MS })));
    const [bare, ...costs] = (await paired(
      [contestant(...callers[0]), ...others.map((caller) => contestant(...caller))],
      context,
    )) as [Cost, ...Cost[]];
    return [...costs.flatMap(findings), { what: `${OVER}, processor time`, value: bare.us, unit: "us" }];
  },
};

function contestant(name: string, caller: ScriptProcess): Contestant {
  return {
    name,
    measure: (ms) => costOf({ pids: [caller.pid], run: () => caller.do<number>({ ms }) }),
  };
}

function findings({ name, ratio, us }: Cost): Finding[] {
  const { what, ...bounds } = KINDS.get(name) as Described;
  return [
    { what: `${what}, over ${OVER}`, value: ratio, unit: "x", ...bounds },
    { what: `${what}, processor time`, value: us, unit: "us" },
  ];
}
