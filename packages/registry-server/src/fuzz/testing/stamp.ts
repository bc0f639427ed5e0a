import type { Timestamp } from "@discoveryd/protocol";

const GRID = 1_000n;

/**
 * A timestamp that the registry chooses: the model knows only what it must be like, until it is seen for the first
 * time. Fields that must be equal share one.
 */
export class Chosen {
  private seen: Timestamp | undefined;

  /** @param after it is later than each of these. */
  constructor(private readonly after: readonly Timestamp[]) {}

  get value(): Timestamp | undefined {
    return this.seen;
  }

  /** Whether it can be this; from then on it is. */
  accepts(timestamp: Timestamp): boolean {
    if (this.seen !== undefined) return timestamp === this.seen;
    if (timestamp % GRID !== 0n || this.after.some((earlier) => timestamp <= earlier)) return false;
    this.seen = timestamp;
    return true;
  }
}

/** One that a client or peer gave, to the digit, or one that the registry chooses. */
export type Stamp = Timestamp | Chosen;

export function accepts(stamp: Stamp, timestamp: Timestamp): boolean {
  return stamp instanceof Chosen ? stamp.accepts(timestamp) : stamp === timestamp;
}

/** The stamp's value; undefined when the registry has chosen it, and nobody has seen it. */
export function known(stamp: Stamp): Timestamp | undefined {
  return stamp instanceof Chosen ? stamp.value : stamp;
}

/** An app's timestamp after a change at `at`: that, rounded up to the microsecond grid, or the next after its own. */
export function appTimestamp(before: Timestamp, at: Timestamp): Timestamp {
  const rounded = ((at + GRID - 1n) / GRID) * GRID;
  return rounded > before ? rounded : (before / GRID + 1n) * GRID;
}
