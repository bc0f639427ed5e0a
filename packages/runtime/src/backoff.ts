import type { Random } from "./random";

export interface BackoffPolicy {
  /** The longest first wait, in milliseconds. */
  readonly baseMs: number;
  /** No wait is longer, in milliseconds. */
  readonly maxMs: number;
}

/** From 200 ms, doubling, at most 5 s. */
export const defaultBackoff: BackoffPolicy = { baseMs: 200, maxMs: 5_000 };

/**
 * How long to wait before try number `attempt` (0 is the first retry): anywhere between 0 and
 * `baseMs * 2^attempt`, at most `maxMs`. Full jitter spreads clients that failed together, as in
 * "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
 */
export function backoffMs(attempt: number, policy: BackoffPolicy, random: Random): number {
  // 2^30 exceeds every sensible maxMs; the bound keeps the power finite.
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(attempt, 30));
  return ceiling * random();
}
