import fc from "fast-check";
import { chosenRuns, reportOf } from "./fuzzed";
import { NO_GUARD } from "./model-evictions";
import { ModelTrial } from "./model-trial";
import type { NodeUnderTest } from "./node-under-test";
import { readSteps } from "./read-steps";
import { appsTouched, type Step } from "./step";
import type { TestSettings } from "./test-settings";
import { writeSteps } from "./write-steps";

/** 2024, and near the top of what a double carries of nanoseconds on a microsecond grid. */
const STARTS_MS = [1_704_067_200_000, 1_795_342_144_847];

const { FUZZ_REPLAY } = process.env;

/**
 * Runs random steps against nodes and the model, always the same ones unless `FUZZ_SEED` says another seed.
 * `FUZZ_RUNS` makes them more. What fails is shown with the variables that repeat it.
 */
export async function runModel(
  start: (settings: TestSettings) => Promise<NodeUnderTest>,
  runs: number,
): Promise<void> {
  const commands = [...writeSteps, ...readSteps].map((arb) => arb.map((step) => new StepCommand(step)));
  const replay = FUZZ_REPLAY === undefined ? {} : { replayPath: FUZZ_REPLAY };
  const settings = fc.record({
    startMs: fc.constantFrom(...STARTS_MS),
    seed: fc.nat(),
    guardMinInstances: fc.constantFrom(4, NO_GUARD),
  });
  const property = fc.asyncProperty(
    settings,
    fc.commands(commands, { maxCommands: 60, size: "max", ...replay }),
    async (chosen, plan) => runPlan(await start(chosen), chosen, plan),
  );
  const result = await fc.check(property, chosenRuns(runs));
  if (result.failed) throw new Error(reportOf(result), { cause: result.errorInstance });
}

async function runPlan(
  node: NodeUnderTest,
  settings: TestSettings & { guardMinInstances: number },
  plan: Iterable<fc.AsyncCommand<object, ModelTrial>>,
): Promise<void> {
  const evictions = { ttlMs: 90_000, ceilingMs: 3_600_000, keepShare: 0.85, ...settings };
  const trial = await ModelTrial.start({ node, apps: appsTouched, evictions });
  try {
    await fc.asyncModelRun(() => ({ model: {}, real: trial }), plan);
  } catch (error) {
    await node.close();
    throw error;
  }
  const { waiters, timers, bugs } = await trial.close();
  if (waiters + timers + bugs > 0)
    throw new Error(`left over: ${waiters} waiters, ${timers} timers, ${bugs} bugs`);
}

class StepCommand implements fc.AsyncCommand<object, ModelTrial> {
  constructor(private readonly step: Step) {}

  check(): boolean {
    return true;
  }

  async run(_model: object, trial: ModelTrial): Promise<void> {
    if (this.step.fits(trial)) await this.step.run(trial);
  }

  toString(): string {
    return this.step.told;
  }
}
