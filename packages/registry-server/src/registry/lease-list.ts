/** Something with a lease. */
export interface Leased {
  /** When the lease was last renewed, in milliseconds of the monotonic clock. */
  readonly renewedAt: number;
  older: Leased | undefined;
  newer: Leased | undefined;
}

/**
 * All leases in order of their last renewal: a doubly linked list. A renewal moves one to the end, and what has
 * expired stands at the front, so looking for it costs nothing per healthy instance.
 */
export class LeaseList<T extends Leased> {
  private oldest: T | undefined;
  private newest: T | undefined;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Adds a lease. Costs a step for each one renewed later: none for one renewed just now. */
  add(lease: T): void {
    let older = this.newest;
    while (older && older.renewedAt > lease.renewedAt) older = older.older as T | undefined;
    lease.older = older;
    lease.newer = older ? older.newer : this.oldest;
    if (lease.newer) lease.newer.older = lease;
    else this.newest = lease;
    if (older) older.newer = lease;
    else this.oldest = lease;
    this.count++;
  }

  remove(lease: T): void {
    if (lease.older) lease.older.newer = lease.newer;
    else this.oldest = lease.newer as T | undefined;
    if (lease.newer) lease.newer.older = lease.older;
    else this.newest = lease.older as T | undefined;
    lease.older = lease.newer = undefined;
    this.count--;
  }

  /** Moves a lease that was renewed just now to the end. */
  touch(lease: T): void {
    if (this.newest === lease) return;
    this.remove(lease);
    this.add(lease);
  }

  /** The leases renewed at or before `moment`, the oldest first. */
  renewedUntil(moment: number): T[] {
    const found: T[] = [];
    for (let lease = this.oldest; lease && lease.renewedAt <= moment; lease = lease.newer as T | undefined) {
      found.push(lease);
    }
    return found;
  }
}
