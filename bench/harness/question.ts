import type { PairedOptions } from "./paired";
import type { RegistryOptions, RegistryProcess } from "./registry-process";
import type { BareServer, BareTask } from "./bare-server";
import type { Rival } from "./rival";
import type { Summary } from "./statistics";

/** One file under questions/. */
export interface Question {
  /** As it is named on the command line. */
  readonly name: string;
  /** What it answers, for a reader of the report. */
  readonly asks: string;
  /** Whether the gate asks it, too. */
  readonly isGated?: boolean;
  run(context: Context): Promise<Finding[]>;
}

/** One line of the report. */
export interface Finding {
  readonly what: string;
  /** Its quartiles where it was measured in rounds. */
  readonly value: Summary | number;
  /** `x` for a ratio. */
  readonly unit: "x" | "us" | "ms" | "bytes" | "";
  /** What we aim at: at most this. */
  readonly goal?: number;
  /** What it must not exceed in an undisturbed run. */
  readonly most?: number;
  /** What no noise reaches and a doubled cost exceeds: beyond it the gate fails. Ratios only. */
  readonly gate?: number;
}

/** What a question works with. All that it starts ends with it. */
export interface Context extends PairedOptions {
  /** Whether figures may be rough. */
  readonly quick: boolean;
  /** Whether only figures with a gate are asked for. */
  readonly gatedOnly: boolean;
  /** Another server that speaks the protocol, to be put beside ours. */
  readonly rival: Rival | undefined;
  registry(options?: RegistryOptions): Promise<RegistryProcess>;
  bare(task: BareTask): Promise<BareServer>;
  /** Closes it when the question is answered, whether it could be or not. */
  own<T extends Owned>(owned: T): T;
}

/** What has to be closed or ended. */
export type Owned = { close(): unknown } | { end(): unknown };
