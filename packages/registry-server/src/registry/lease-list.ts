/** Something with a lease. */
export interface Leased {
  /** When the lease was last renewed, in milliseconds of the monotonic clock. */
  readonly renewedAt: number;
  older: Leased | undefined;
  newer: Leased | undefined;
}

/** Leases renewed in the same so many milliseconds stand together. */
const SLOT_MS = 1_000;

/**
 * All leases by the second of their last renewal, each second a ring of neighbours. A renewal moves one to its
 * second in one step, however long ago that is: peers tell of heartbeats of any age, in any order. What has expired
 * stands in the oldest seconds, so looking for it costs nothing per healthy instance.
 */
export class LeaseList<T extends Leased> {
  /** By number of second: the end of its ring. */
  private readonly slots = new Map<number, Leased>();
  /** The one used last: nearly always it is the next one, too. */
  private last: { slot: number; end: Leased } | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(lease: T): void {
    const end = this.slotOf(lease.renewedAt);
    link(end.older as Leased, lease);
    link(lease, end);
    this.count++;
  }

  remove(lease: T): void {
    link(lease.older as Leased, lease.newer as Leased);
    lease.older = lease.newer = undefined;
    this.count--;
  }

  /** Whether a lease was added, and not removed since. */
  has(lease: T): boolean {
    return lease.newer !== undefined;
  }

  /** Puts a lease that has been renewed where it belongs. */
  touch(lease: T): void {
    this.remove(lease);
    this.add(lease);
  }

  /** The leases renewed at or before `moment`, the oldest first. */
  renewedUntil(moment: number): T[] {
    const found: T[] = [];
    for (const [slot, end] of this.slots) {
      if (slot * SLOT_MS > moment) continue;
      if (end.newer === end) this.forget(slot);
      for (let lease = end.newer as Leased; lease !== end; lease = lease.newer as Leased) {
        if (lease.renewedAt <= moment) found.push(lease as T);
      }
    }
    return found.sort((a, b) => a.renewedAt - b.renewedAt);
  }

  private slotOf(renewedAt: number): Leased {
    const slot = Math.floor(renewedAt / SLOT_MS);
    if (this.last?.slot === slot) return this.last.end;
    const end = this.slots.get(slot) ?? this.open(slot);
    this.last = { slot, end };
    return end;
  }

  private open(slot: number): Leased {
    const end: Leased = { renewedAt: slot * SLOT_MS, older: undefined, newer: undefined };
    link(end, end);
    this.slots.set(slot, end);
    return end;
  }

  private forget(slot: number): void {
    this.slots.delete(slot);
    if (this.last?.slot === slot) this.last = undefined;
  }
}

function link(older: Leased, newer: Leased): void {
  older.newer = newer;
  newer.older = older;
}
