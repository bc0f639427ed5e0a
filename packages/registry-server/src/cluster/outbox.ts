import { keyOf, keyText, type Operation } from "./operation";

interface Entry {
  readonly operation: Operation;
  /** Called when a peer has answered it, or will not soon. */
  readonly settle: (() => void)[];
}

/**
 * What a peer has not heard yet: the newest operation of each instance, so it is never longer than there are
 * instances. The first to come is the first to go.
 */
export class Outbox {
  private entries = new Map<string, Entry>();
  private urgent = 0;

  get size(): number {
    return this.entries.size;
  }

  /** Whether something other than heartbeats waits. */
  get hasUrgent(): boolean {
    return this.urgent > 0;
  }

  /** Adds an operation. `settle`, when given, is called once: when it was answered, or `settleAll` is called. */
  put(operation: Operation, settle?: () => void): void {
    const key = keyText(keyOf(operation));
    const waiting = this.entries.get(key);
    // What waits says more than that the instance is alive.
    if (waiting && operation.kind === "renew" && waiting.operation.kind !== "renew") return;
    if (waiting) this.drop(key, waiting);
    if (operation.kind !== "renew") this.urgent++;
    this.entries.set(key, { operation, settle: [...(waiting?.settle ?? []), ...(settle ? [settle] : [])] });
  }

  /** Takes out the first `most` operations. */
  take(most: number): Entry[] {
    const taken: Entry[] = [];
    for (const [key, entry] of this.entries) {
      if (taken.length === most) break;
      this.drop(key, entry);
      taken.push(entry);
    }
    return taken;
  }

  /** Puts back what could not be sent, in front, but for what newer news has made pointless. */
  putBack(entries: readonly Entry[]): void {
    const newer = this.entries;
    this.entries = new Map();
    this.urgent = 0;
    for (const { operation, settle } of entries) {
      this.put(operation);
      for (const fn of settle) fn();
    }
    for (const { operation, settle } of newer.values()) {
      this.put(operation);
      const entry = this.entries.get(keyText(keyOf(operation)));
      entry?.settle.push(...settle);
    }
  }

  /** Nobody need wait any longer. What waits to be sent stays. */
  settleAll(): void {
    for (const { settle } of this.entries.values()) {
      for (const fn of settle.splice(0)) fn();
    }
  }

  private drop(key: string, { operation }: Entry): void {
    this.entries.delete(key);
    if (operation.kind !== "renew") this.urgent--;
  }
}

export type { Entry };
