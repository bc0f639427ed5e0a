import type { Config } from "../../settings";
import { testConfig } from "../../testing/use-node";

/** How a node under test differs from the defaults. */
export interface TestSettings extends Partial<Config> {
  /** What its wall clock says at first, in milliseconds since the epoch. */
  readonly startMs: number;
  /** For its choices. */
  readonly seed: number;
}

/** The configuration of a node under test. */
export function configOf({ startMs: _startMs, seed: _seed, ...changes }: TestSettings): Config {
  return testConfig({ zone: "z1", ...changes });
}
