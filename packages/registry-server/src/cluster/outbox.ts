import { keyOf, keyText, type News } from "./operation";

export interface Entry {
  readonly operation: News;
  /** When it was told, in milliseconds of the monotonic clock. */
  readonly since: number;
  /** Called when a peer has answered it, or will not soon. */
  readonly settle: readonly (() => void)[];
}

/**
 * The news that a peer has not heard yet: the newest of each instance, so it is never longer than there are instances.
 * The first to come is the first to go.
 */
export class Outbox {
  private readonly entries = new Map<string, Entry>();

  get size(): number {
    return this.entries.size;
  }

  /**
   * Adds news. `settle`, when given, is called once: when it was answered, or `settleAll` is called.
   *
   * @param since milliseconds of the monotonic clock.
   */
  put(operation: News, since: number, settle?: () => void): void {
    const entry = { operation, since, settle: settle ? [settle] : [] };
    const key = keyText(keyOf(operation));
    const waiting = this.entries.get(key);
    this.entries.set(key, waiting ? both(waiting, entry) : entry);
  }

  /** All that waits, in order. It goes on waiting. */
  operations(): News[] {
    return [...this.entries.values()].map(({ operation }) => operation);
  }

  /** Takes out the first `most` operations. */
  take(most: number): Entry[] {
    const taken: Entry[] = [];
    for (const [key, entry] of this.entries) {
      if (taken.length === most) break;
      this.entries.delete(key);
      taken.push(entry);
    }
    return taken;
  }

  /** Puts back what was not heard, behind what waits: the next try is about others, and all have their turn. */
  putBack(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const key = keyText(keyOf(entry.operation));
      const newer = this.entries.get(key);
      this.entries.set(key, newer ? both(entry, newer) : entry);
    }
  }

  /** Nobody need wait any longer. What waits to be sent stays. */
  settleAll(): void {
    for (const [key, entry] of this.entries) {
      if (entry.settle.length === 0) continue;
      this.entries.set(key, { ...entry, settle: [] });
      for (const fn of entry.settle) fn();
    }
  }
}

/** One that says what two say of the same instance, one after the other. */
function both(earlier: Entry, later: Entry): Entry {
  const settle = [...earlier.settle, ...later.settle];
  return { operation: whole(later.operation), since: later.since, settle };
}

/** A set says only what it changes, and the peer has not heard of what it changed: it is told the whole instance. */
function whole(news: News): News {
  return news.kind === "cancel" ? news : { kind: "put", instance: news.instance, silentMs: news.silentMs };
}
