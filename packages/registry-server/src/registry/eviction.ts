import { shuffle, type Random } from "@discoveryd/runtime";

export interface EvictionPolicy {
  /** A lease not renewed for this long has expired, in milliseconds. Default 90 s: three missed heartbeats. */
  readonly ttlMs: number;
  /** A lease this old goes even while the registry protects itself, in milliseconds. Default 1 h. */
  readonly ceilingMs: number;
  /** A minute's evictions leave at least this share of the registry, but may always be one. 1: none. Default 0.85. */
  readonly keepShare: number;
}

/** Leases renewed at or before this moment may go. */
export function expiredUntil(now: number, protecting: boolean, policy: EvictionPolicy): number {
  return now - (protecting ? policy.ceilingMs : policy.ttlMs);
}

/** How many of `size` instances may go in a minute: a small registry can still lose one, unless all are to stay. */
export function mostEvictions(size: number, keepShare: number): number {
  if (keepShare >= 1) return 0;
  // 0.85 of 100 may be a trifle more than 85.
  const most = size - Math.ceil(size * keepShare - 1e-6);
  return Math.max(most, Math.min(1, size));
}

/**
 * Picks at most `most` of the expired, in random order: a large eviction then thins every app a little, instead of
 * emptying some before self-preservation can notice.
 */
export function pickEvictions<T>(expired: readonly T[], most: number, random: Random): T[] {
  return shuffle(expired, random).slice(0, Math.max(0, most));
}
