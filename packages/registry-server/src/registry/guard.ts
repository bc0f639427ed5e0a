/** How often the guard moves on, in milliseconds. */
const STEP_MS = 1_000;
/**
 * How many such steps it looks back: a whole minute beside the one under way. With less, a healthy fleet that renews all
 * at once would at times be seen to renew once a minute.
 */
const STEPS = 61;

export interface GuardPolicy {
  /** Renewals under this share of what is expected mean trouble. Default 0.85. */
  readonly threshold: number;
  /** Of fewer instances expected to renew none is protected, so a small installation drops its dead. Default 10. */
  readonly minInstances: number;
  /** An instance is expected to have renewed twice once it has been here so long, in milliseconds. */
  readonly matureMs: number;
}

/** What the guard found, for the log and the metrics. */
export interface GuardState {
  readonly protecting: boolean;
  /** Renewals of the last minute. */
  readonly renewals: number;
  /** Renewals there should have been: 2 for each instance that is here long enough. */
  readonly expected: number;
}

/**
 * Counts the renewals of the last minute against those expected. When far too few come, it is more likely that the
 * network has failed than that so many instances have died: the registry then protects what it knows.
 *
 * All times are milliseconds of the monotonic clock.
 */
export class Guard {
  private readonly renewals = new Ring();
  private readonly joined: Ring;
  private instances = 0;

  constructor(private readonly policy: GuardPolicy) {
    this.joined = new Ring(Math.ceil(policy.matureMs / STEP_MS) + 1);
  }

  renewed(now: number): void {
    this.renewals.add(now, 1);
  }

  arrived(now: number): void {
    this.instances++;
    this.joined.add(now, 1);
  }

  left(joinedAt: number, now: number): void {
    this.instances--;
    this.joined.takeBack(joinedAt, now);
  }

  judge(now: number): GuardState {
    const renewals = this.renewals.sum(now);
    const instances = Math.max(0, this.instances - this.joined.sum(now));
    const expected = 2 * instances;
    const { minInstances, threshold } = this.policy;
    const protecting = instances >= minInstances && renewals < threshold * expected;
    return { protecting, renewals, expected };
  }
}

/** Counts by step of time, over the last so many steps. */
class Ring {
  private readonly counts: number[];
  private step = 0;

  constructor(steps = STEPS) {
    this.counts = new Array<number>(steps).fill(0);
  }

  add(now: number, count: number): void {
    this.moveTo(now);
    this.counts[this.step % this.counts.length]! += count;
  }

  /** Takes back one that was added at `at`, if that is not over yet. */
  takeBack(at: number, now: number): void {
    this.moveTo(now);
    const step = Math.floor(at / STEP_MS);
    if (this.step - step < this.counts.length) this.counts[step % this.counts.length]! -= 1;
  }

  sum(now: number): number {
    this.moveTo(now);
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  private moveTo(now: number): void {
    const step = Math.floor(now / STEP_MS);
    const passed = Math.min(step - this.step, this.counts.length);
    for (let i = 1; i <= passed; i++) this.counts[(step - passed + i) % this.counts.length] = 0;
    if (step > this.step) this.step = step;
  }
}
