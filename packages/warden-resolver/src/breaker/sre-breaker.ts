import { systemRandom, type Random } from "@discoveryd/runtime";
import { RollingWindow, type WindowCounts } from "./rolling-window";

export interface BreakerPolicy {
  /** How far back calls count, in milliseconds. Default 3 s. */
  readonly windowMs: number;
  /** Into how many steps the window is cut. Default 10. */
  readonly buckets: number;
  /** Calls are refused once there are more than `k` times as many as succeed. Lower refuses earlier. Default 1.5. */
  readonly k: number;
  /** With fewer calls than this in the window nothing is refused. Default 100. */
  readonly minRequests: number;
}

export const defaultBreakerPolicy: BreakerPolicy = { windowMs: 3_000, buckets: 10, k: 1.5, minRequests: 100 };

/**
 * The share of calls to refuse: `max(0, (requests - k * accepts) / (requests + 1))`, as in "Handling Overload" of
 * Google's Site Reliability Engineering. 0 below `minRequests`.
 */
export function refusedShare(counts: WindowCounts, policy: BreakerPolicy): number {
  if (counts.total < policy.minRequests) return 0;
  return Math.max(0, (counts.total - policy.k * counts.accepted) / (counts.total + 1));
}

export interface SreBreakerOptions {
  readonly policy?: BreakerPolicy;
  readonly random?: Random;
}

/**
 * Refuses calls here when too many of them fail there: a server that is overloaded gets its load down without
 * doing any work for it. Never refuses all, so it notices by itself when the server is well again.
 *
 * A refused call counts for nothing. If it counted as a failed one, refusals would feed on themselves: with half of
 * the calls failing all would soon be refused, and an end of the failures would go unnoticed for half a minute.
 *
 * Knows no clock: each call says what time it is, in milliseconds that never run backwards.
 */
export class SreBreaker {
  private readonly policy: BreakerPolicy;
  private readonly random: Random;
  private readonly window: RollingWindow;

  constructor({ policy = defaultBreakerPolicy, random = systemRandom }: SreBreakerOptions = {}) {
    this.policy = policy;
    this.random = random;
    this.window = new RollingWindow(policy);
  }

  /** Undefined when the call may go out: `record` how it ends. Otherwise the reason of the refusal, for people. */
  refuse(now: number): string | undefined {
    const counts = this.window.counts(now);
    const share = refusedShare(counts, this.policy);
    if (share === 0 || this.random() >= share) return undefined;
    return (
      `${counts.accepted} of the ${counts.total} calls of the last ${this.policy.windowMs} ms succeeded, ` +
      `${Math.round(share * 100)}% are refused for now`
    );
  }

  /** Counts a call that went out. */
  record(now: number, accepted: boolean): void {
    this.window.add(now, accepted);
  }
}
