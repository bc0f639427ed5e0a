import type { StoredInstance } from "../registry/stored-instance";

/**
 * The instances whose heartbeats a peer has not heard of, each once. When the last one came stands with the instance: it
 * is read when it is told.
 */
export class Heartbeats {
  private waiting = new Set<StoredInstance>();

  get size(): number {
    return this.waiting.size;
  }

  add(stored: StoredInstance): void {
    this.waiting.add(stored);
  }

  all(): StoredInstance[] {
    return [...this.waiting];
  }

  /** Takes out the first `most`. */
  take(most: number): StoredInstance[] {
    const taken = this.all();
    this.waiting = new Set(taken.splice(most));
    return taken;
  }
}
