import type { Random } from "@discoveryd/runtime";
import type { NodeStats } from "./node-stats";

/** A ready connection, as a strategy sees it. */
export interface Candidate {
  readonly stats: NodeStats;
  /** From the instance's metadata. Above 0. */
  readonly weight: number;
  /** When its slow start began. Undefined: it has none. */
  readonly slowStartAt?: number | undefined;
}

/**
 * How a balancer chooses. One object a balancer; it asks for a chooser each time the set of ready connections
 * changes, and keeps what must outlive them.
 */
export interface Strategy {
  /** @param candidates at least one, all ready and of one color. */
  over<C extends Candidate>(candidates: readonly C[]): Chooser<C>;
}

export interface Chooser<C extends Candidate> {
  /** Chooses one, and notes in its stats that it was picked. `now` never goes back. */
  pick(now: number, random: Random): C;
}

/** A connection to a server that just started gets its full share only after this long. */
export const slowStartMs = 3_000;
const slowStartLeast = 0.1;

/** The weight at a time: during its slow start it grows from a tenth to the whole. */
export function weightAt({ weight, slowStartAt }: Candidate, now: number): number {
  if (slowStartAt === undefined) return weight;
  const grown = (now - slowStartAt) / slowStartMs;
  return grown >= 1 ? weight : weight * Math.max(slowStartLeast, grown);
}
