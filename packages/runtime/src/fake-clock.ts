import type { Clock } from "./clock";

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/** A clock that moves only when told to. Give each node its own to test clock skew. */
export class FakeClock implements Clock {
  private timers: Timer[] = [];
  private elapsed = 0;

  /** @param time what `now()` says at first, in milliseconds since the epoch. */
  constructor(private time = 0) {}

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.elapsed + Math.max(0, ms), fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((t) => t !== timer);
    };
  }

  /** Timers still waiting. A test that closed everything expects 0. */
  get pending(): number {
    return this.timers.length;
  }

  /** Sets the wall clock `ms` forwards (or back), as an operator or NTP does. No timer fires. */
  jump(ms: number): void {
    this.time += ms;
  }

  /** Moves forward by `ms`, firing each due timer at its own time, in order, and lets what it started settle. */
  async advance(ms: number): Promise<void> {
    const end = this.elapsed + ms;
    for (let next = this.earliest(end); next; next = this.earliest(end)) {
      this.timers = this.timers.filter((t) => t !== next);
      this.moveTo(next.at);
      next.fn();
      await new Promise(setImmediate);
    }
    this.moveTo(end);
  }

  private moveTo(elapsed: number): void {
    // Someone else may have advanced further meanwhile.
    if (elapsed < this.elapsed) return;
    this.time += elapsed - this.elapsed;
    this.elapsed = elapsed;
  }

  private earliest(end: number): Timer | undefined {
    let best: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.at <= end && (best === undefined || timer.at < best.at)) best = timer;
    }
    return best;
  }
}
