import type { Clock, Random } from "@discoveryd/runtime";

interface Event {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
  cancelled: boolean;
}

/** 2026-01-01, in milliseconds since the epoch. */
const EPOCH = 1_767_225_600_000;

/**
 * Simulated time: events in order of their moment, whoever asked for them. With the same seed the same things happen in
 * the same order.
 */
export class World {
  private readonly events: Event[] = [];
  private order = 0;
  /** Milliseconds since the world began. */
  time = 0;

  constructor(readonly random: Random) {}

  /** Calls `fn` at a moment from now. Calling the result cancels it. */
  after(ms: number, fn: () => void): () => void {
    const event = { at: this.time + Math.max(0, ms), order: this.order++, fn, cancelled: false };
    this.push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Resolves after `ms` of the world's time. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Lets so much time pass; what each event has started settles before the next. */
  async run(ms: number): Promise<void> {
    const end = this.time + ms;
    for (let next = this.events[0]; next && next.at <= end; next = this.events[0]) {
      this.pop();
      if (next.cancelled) continue;
      this.time = next.at;
      next.fn();
      await new Promise(setImmediate);
    }
    this.time = end;
  }

  /** A whole number from 0 up to, but without, `bound`. */
  upTo(bound: number): number {
    return Math.floor(this.random() * bound);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.upTo(items.length)] as T;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  /** A clock whose wall time is off by `skewMs`. Once `isOver` its timers do nothing: the machine has crashed. */
  clock(skewMs: number, isOver: () => boolean): Clock {
    return {
      now: () => EPOCH + this.time + skewMs,
      monotonic: () => this.time,
      after: (ms, fn) => this.after(ms, () => !isOver() && fn()),
    };
  }

  private push(event: Event): void {
    const heap = this.events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): void {
    const heap = this.events;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
