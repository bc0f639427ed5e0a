/** What a window counted. */
export interface WindowCounts {
  /** Everything that was added. */
  readonly total: number;
  /** The part of it that was accepted. */
  readonly accepted: number;
}

export interface RollingWindowOptions {
  /** How far the window looks back, in milliseconds. */
  readonly windowMs: number;
  /** Into how many steps the window is cut. More steps forget more smoothly. */
  readonly buckets: number;
}

/**
 * Counts over the last `windowMs`. Moves on by one bucket every `windowMs / buckets`, forgetting the oldest.
 * Knows no clock: each call says what time it is, in milliseconds that never run backwards.
 */
export class RollingWindow {
  private readonly bucketMs: number;
  private readonly totals: Float64Array;
  private readonly accepts: Float64Array;
  private total = 0;
  private accepted = 0;
  private step = 0;

  constructor(private readonly options: RollingWindowOptions) {
    this.bucketMs = options.windowMs / options.buckets;
    this.totals = new Float64Array(options.buckets);
    this.accepts = new Float64Array(options.buckets);
  }

  /** Adds one to the total, and to the accepted when `accepted` is true. */
  add(now: number, accepted: boolean): void {
    this.moveTo(now);
    const bucket = this.step % this.options.buckets;
    this.totals[bucket] = (this.totals[bucket] as number) + 1;
    this.total += 1;
    if (!accepted) return;
    this.accepts[bucket] = (this.accepts[bucket] as number) + 1;
    this.accepted += 1;
  }

  counts(now: number): WindowCounts {
    this.moveTo(now);
    return { total: this.total, accepted: this.accepted };
  }

  private moveTo(now: number): void {
    const step = Math.floor(now / this.bucketMs);
    // After a pause longer than the window every bucket is forgotten once, not once for each step missed.
    const oldest = Math.max(this.step + 1, step - this.options.buckets + 1);
    for (let passed = oldest; passed <= step; passed++) this.forget(passed % this.options.buckets);
    if (step > this.step) this.step = step;
  }

  private forget(bucket: number): void {
    this.total -= this.totals[bucket] as number;
    this.accepted -= this.accepts[bucket] as number;
    this.totals[bucket] = 0;
    this.accepts[bucket] = 0;
  }
}
