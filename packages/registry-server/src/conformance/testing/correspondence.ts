/**
 * Which timestamp here stands for which in a recording. Two clocks never show the same time, but what was equal
 * must be equal, and what came first must come first.
 */
export class Correspondence {
  private readonly ours = new Map<bigint, bigint>();
  private readonly recorded = new Map<bigint, bigint>();
  /** What each recorded timestamp was answered with last: what a client that polls again sends. */
  private readonly told = new Map<bigint, bigint>();

  /** Takes a pair that stands at the same place. Returns what is wrong with it, or undefined. */
  match(recorded: bigint, ours: bigint): string | undefined {
    this.told.set(recorded, ours);
    const [known, knownHere] = [this.ours.get(recorded), this.recorded.get(ours)];
    if (known === ours) return undefined;
    if (known !== undefined)
      return known < ours ? "later than where it stood before" : "earlier than where it stood before";
    if (knownHere !== undefined) return "the same as another one";
    if (!this.keepsOrder(recorded, ours)) return "out of order";
    this.ours.set(recorded, ours);
    this.recorded.set(ours, recorded);
    return undefined;
  }

  /** What a client here sends where the recorded one sent this: what it was told, and as far beside it. */
  translate(recorded: bigint): bigint {
    for (const [known, ours] of this.told) {
      const apart = recorded - known;
      if (apart > -NEAR && apart < NEAR) return ours + apart;
    }
    return recorded;
  }

  private keepsOrder(recorded: bigint, ours: bigint): boolean {
    return [...this.ours].every(([other, otherOurs]) => recorded < other === ours < otherOurs);
  }
}

/** Timestamps this near are one that a client has changed: by 1, or by what a double rounds off. */
const NEAR = 1_000n;
