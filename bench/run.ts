/**
 * `yarn bench`: answers the questions under questions/ and writes docs/benchmarks.md; `yarn bench --help` says more.
 * Build the packages first. Loopback only; ends all it has started.
 */
import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gateFailures } from "./harness/gate";
import type { Finding, Question } from "./harness/question";
import type { PairedOptions } from "./harness/paired";
import { line, table } from "./harness/report";
import { parseRival } from "./harness/rival";
import { Scope, type ScopeOptions } from "./harness/scope";
import { questions } from "./questions";

/** What the command line leaves open. The gate has to be steady, a quick run only quick. */
const FULL: PairedOptions = { rounds: 12, sliceMs: 1_000 };
const GATE: PairedOptions = { rounds: 10, sliceMs: 150 };
const QUICK: PairedOptions = { rounds: 5, sliceMs: 100 };

const HELP = `yarn bench: what does the registry cost, over a bare node:http server in the same run?

usage: yarn bench [question …]         all questions, or these: ${questions.map(({ name }) => name).join(", ")}
  --quick           rough figures, within 2 minutes; writes no file
  --gate            only what is gated; ends with code 1 when a cost has doubled
  --against <url>   puts another server that speaks the protocol beside ours, on this machine
  --rounds <n>      how often all that are compared take turns (${FULL.rounds}; quick ${QUICK.rounds}; gate ${GATE.rounds})
  --slice <ms>      for how long each time (${FULL.sliceMs}; quick ${QUICK.sliceMs}; gate ${GATE.sliceMs})
  --plant <us>      makes each request to our registry cost that much more: shows that the gate fails
`;

/** A busy neighbour disturbs a try, and is gone in the next; a cost that has doubled has doubled in all of them. */
const GATE_TRIES = 3;

const REPORT = join(__dirname, "../docs/benchmarks.md");

interface Answered {
  readonly question: Question;
  readonly findings: readonly Finding[];
}

run().then(
  (status) => (process.exitCode = status),
  (error: unknown) => {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);

async function run(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      gate: { type: "boolean", default: false },
      against: { type: "string" },
      rounds: { type: "string" },
      slice: { type: "string" },
      plant: { type: "string" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const quick = values.quick || values.gate;
  const { rounds, sliceMs } = values.gate ? GATE : quick ? QUICK : FULL;
  const asked = selected(positionals).filter((question) => !values.gate || question.isGated === true);
  const options: ScopeOptions = {
    quick,
    gatedOnly: values.gate,
    rounds: count("--rounds", values.rounds, rounds),
    sliceMs: count("--slice", values.slice, sliceMs),
    rival: values.against === undefined ? undefined : parseRival(values.against),
    nodeFlags: values.plant === undefined ? [] : planted(count("--plant", values.plant, 0)),
  };
  if (values.gate) return gate(asked, options);
  const answered: Answered[] = [];
  for (const question of asked) answered.push(await answer(question, options));
  if (!quick && positionals.length === 0) writeFileSync(REPORT, report(answered, options));
  return 0;
}

function selected(names: readonly string[]): readonly Question[] {
  for (const name of names) {
    if (!questions.some((question) => question.name === name)) {
      throw new Error(`no question ${name}: there are ${questions.map((each) => each.name).join(", ")}`);
    }
  }
  return names.length === 0 ? questions : questions.filter(({ name }) => names.includes(name));
}

function count(flag: string, text: string | undefined, ifAbsent: number): number {
  if (text === undefined) return ifAbsent;
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${flag} ${text}: give a whole number above 0`);
  return Number(text);
}

function planted(us: number): string[] {
  process.env["BENCH_PLANT_US"] = String(us);
  return ["--require", join(__dirname, "harness/plant.cjs")];
}

async function answer(question: Question, options: ScopeOptions): Promise<Answered> {
  process.stdout.write(`\n${question.name}: ${question.asks}\n`);
  const scope = new Scope(options);
  const startedAt = performance.now();
  try {
    const findings = await question.run(scope);
    for (const finding of findings) process.stdout.write(`  ${line(finding)}\n`);
    process.stdout.write(`  (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)\n`);
    return { question, findings };
  } finally {
    await scope.close();
  }
}

async function gate(asked: readonly Question[], options: ScopeOptions): Promise<number> {
  const failures: string[] = [];
  for (const question of asked) {
    let last: string[] = [];
    for (let tries = 0; tries < GATE_TRIES; tries++) {
      last = gateFailures((await answer(question, options)).findings);
      if (last.length === 0) break;
    }
    failures.push(...last);
  }
  for (const failure of failures) console.error(`gate: ${failure}, ${GATE_TRIES} times`);
  if (failures.length === 0) process.stdout.write("\ngate: no cost has doubled\n");
  return failures.length === 0 ? 0 : 1;
}

function report(answered: readonly Answered[], { rounds, sliceMs }: ScopeOptions): string {
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "?"}, node ${process.version}, ${process.platform} ${process.arch}`;
  const sections = answered.map(
    ({ question, findings }) =>
      `## ${question.asks}\n\n\`yarn bench ${question.name}\`\n\n${table(findings)}\n`,
  );
  return `# What it costs

Written by \`yarn bench\` on ${date}: ${machine}, load average ${loadavg()[0]?.toFixed(1)} at its end.

Costs are processor time of the process in question, not throughput: on a shared machine a rate says how busy the neighbours
are. Each is compared with something bare that does the same over the same connections, by turns in ${rounds} rounds of
${sliceMs} ms each; a ratio is that of one round, and what is shown is the median of the rounds with its quartiles.
\`yarn bench --against http://127.0.0.1:7171\` puts another server that speaks the protocol beside ours, such as the original.

${sections.join("\n")}`;
}
