import { NodeStats } from "./node-stats";

export interface StatsStoreOptions {
  /** An address gone for this long is forgotten. Default 10 min. */
  readonly keepMs?: number;
  /** At most so many addresses that are gone are remembered, the last ones. Default 1,000. */
  readonly maxGone?: number;
}

/**
 * What was learnt about each address, kept while lists of instances come and go: an instance that leaves and
 * comes back is known at once, but for its latency, which each connection measures anew.
 */
export class StatsStore {
  private readonly present = new Map<string, NodeStats>();
  /** In the order in which they went. */
  private readonly gone = new Map<string, { readonly stats: NodeStats; readonly at: number }>();
  private readonly keepMs: number;
  private readonly maxGone: number;

  constructor({ keepMs = 600_000, maxGone = 1_000 }: StatsStoreOptions = {}) {
    this.keepMs = keepMs;
    this.maxGone = maxGone;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.present.size + this.gone.size;
  }

  /** The stats of an address that is in use from now on. */
  enter(key: string, now: number): NodeStats {
    this.forget(now);
    const stats = this.present.get(key) ?? this.gone.get(key)?.stats ?? new NodeStats();
    this.gone.delete(key);
    this.present.set(key, stats);
    // The balancer that counted those picks may be gone: another one counts from 0.
    stats.pickedCount = 0;
    return stats;
  }

  /** The address is no longer in use. */
  leave(key: string, now: number): void {
    const stats = this.present.get(key);
    if (stats === undefined) return;
    this.present.delete(key);
    this.gone.set(key, { stats, at: now });
    this.forget(now);
  }

  private forget(now: number): void {
    for (const [key, { at }] of this.gone) {
      if (now - at <= this.keepMs && this.gone.size <= this.maxGone) return;
      this.gone.delete(key);
    }
  }
}
