import type { StoredInstance } from "./stored-instance";

/** The instances of an app in one zone, in order of host name. */
export class Zone {
  private readonly byHostname = new Map<string, StoredInstance>();
  private readonly order: StoredInstance[] = [];

  get size(): number {
    return this.order.length;
  }

  find(hostname: string): StoredInstance | undefined {
    return this.byHostname.get(hostname);
  }

  /** In order of host name. Valid until the next change. */
  all(): readonly StoredInstance[] {
    return this.order;
  }

  /** Adds an instance whose host name is new here. */
  add(stored: StoredInstance): void {
    const { hostname } = stored.instance;
    this.byHostname.set(hostname, stored);
    this.order.splice(this.position(hostname), 0, stored);
  }

  remove(hostname: string): StoredInstance | undefined {
    const stored = this.byHostname.get(hostname);
    if (!stored) return undefined;
    this.byHostname.delete(hostname);
    this.order.splice(this.position(hostname), 1);
    return stored;
  }

  /** Where the host name stands, or would stand (binary search). */
  private position(hostname: string): number {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.order[middle] as StoredInstance).instance.hostname < hostname) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
