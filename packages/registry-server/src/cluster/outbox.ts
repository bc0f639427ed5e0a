import { keyOf, keyText, type Operation } from "./operation";

export interface Entry {
  readonly operation: Operation;
  /** When it was told, in milliseconds of the monotonic clock. */
  readonly since: number;
  /** Called when a peer has answered it, or will not soon. */
  readonly settle: readonly (() => void)[];
}

/**
 * What a peer has not heard yet: the newest operation of each instance, so it is never longer than there are
 * instances. The first to come is the first to go.
 */
export class Outbox {
  private readonly entries = new Map<string, Entry>();
  private urgent = 0;

  get size(): number {
    return this.entries.size;
  }

  /** Whether something other than heartbeats waits. */
  get hasUrgent(): boolean {
    return this.urgent > 0;
  }

  /**
   * Adds an operation. `settle`, when given, is called once: when it was answered, or `settleAll` is called.
   *
   * @param since milliseconds of the monotonic clock.
   */
  put(operation: Operation, since: number, settle?: () => void): void {
    const entry = { operation, since, settle: settle ? [settle] : [] };
    const key = keyText(keyOf(operation));
    const waiting = this.entries.get(key);
    this.place(key, waiting ? both(waiting, entry) : entry);
  }

  /** All that waits, in order. It goes on waiting. */
  operations(): Operation[] {
    return [...this.entries.values()].map(({ operation }) => operation);
  }

  /** Takes out the first `most` operations. */
  take(most: number): Entry[] {
    const taken: Entry[] = [];
    for (const [key, entry] of this.entries) {
      if (taken.length === most) break;
      this.entries.delete(key);
      if (isUrgent(entry)) this.urgent--;
      taken.push(entry);
    }
    return taken;
  }

  /** Puts back what was not heard, behind what waits: the next try is about others, and all have their turn. */
  putBack(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const key = keyText(keyOf(entry.operation));
      const newer = this.entries.get(key);
      this.place(key, newer ? both(entry, newer) : entry);
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

  /** In the place of what waits about the same instance, if anything does. */
  private place(key: string, entry: Entry): void {
    const waiting = this.entries.get(key);
    if (waiting && isUrgent(waiting)) this.urgent--;
    if (isUrgent(entry)) this.urgent++;
    this.entries.set(key, entry);
  }
}

/** One that says what two say of the same instance, one after the other. */
function both(earlier: Entry, later: Entry): Entry {
  const said = whole(earlier.operation, later.operation);
  const { since } = said === earlier.operation ? earlier : later;
  return { operation: said, since, settle: [...earlier.settle, ...later.settle] };
}

function whole(earlier: Operation, later: Operation): Operation {
  if (earlier.kind === "renew" || later.kind === "cancel") return later;
  // What waits says more than that the instance is alive.
  if (later.kind === "renew") return earlier;
  // A set says only what it changes, and the peer has not heard of what it changed: it is told the whole instance.
  return { kind: "put", instance: later.instance, silentMs: later.silentMs };
}

function isUrgent({ operation }: Entry): boolean {
  return operation.kind !== "renew";
}
