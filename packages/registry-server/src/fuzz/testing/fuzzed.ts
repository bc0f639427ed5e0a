import fc from "fast-check";

const { FUZZ_SEED, FUZZ_PATH, FUZZ_RUNS } = process.env;

/** How the runs of a property are chosen: always the same ones, unless the environment says otherwise. */
export function chosenRuns(runs: number): {
  numRuns: number;
  seed: number;
  path?: string;
  endOnFailure?: boolean;
} {
  return {
    numRuns: Number(FUZZ_RUNS ?? runs),
    seed: Number(FUZZ_SEED ?? 20_240_101),
    ...(FUZZ_PATH === undefined ? {} : { path: FUZZ_PATH, endOnFailure: true }),
  };
}

/** Checks a property of random values. What fails is shown with the variables that repeat it. */
export async function fuzzed<T>(
  runs: number,
  values: fc.Arbitrary<T>,
  check: (value: T) => Promise<void>,
): Promise<void> {
  const result = await fc.check(fc.asyncProperty(values, check), chosenRuns(runs));
  if (result.failed) throw new Error(reportOf(result), { cause: result.errorInstance });
}

/** What has failed, and how to repeat it. */
export function reportOf<T>(result: fc.RunDetails<T>): string {
  const text = fc.defaultReportMessage(result) ?? "";
  const replay = /replayPath="([^"]*)"/.exec(text)?.[1];
  const variables = [`FUZZ_SEED=${result.seed}`, `FUZZ_PATH='${result.counterexamplePath}'`];
  if (replay !== undefined) variables.push(`FUZZ_REPLAY='${replay}'`);
  return `${text}\n\nTo repeat it: ${variables.join(" ")} yarn jest src/fuzz`;
}
