import { soon, systemClock, type Clock } from "@discoveryd/runtime";
import { INFRA_APPID } from "@discoveryd/protocol";
import type { App } from "./app";

/** Somebody who waits for news of apps. */
export interface Waiter {
  readonly env: string;
  readonly appids: readonly string[];
  /**
   * One of the apps has changed. Returns true when that was the news it waited for: it is then done and gone.
   * Never called synchronously with the change, never after `cancel`.
   */
  notify(app: App): boolean;
}

/** So many waiters are told before other requests get their turn, */
const SLICE = 64;
/** or those told in so many milliseconds: to write an answer of a megabyte takes one. */
const SLICE_MS = 5;

/** Those who wait for one app. */
interface Topic {
  readonly key: string;
  readonly waiting: Set<Waiting>;
}

/** A waiter and where it stands: nothing is looked up to take it out. */
interface Waiting {
  readonly waiter: Waiter;
  readonly topics: Topic[];
  isOver: boolean;
}

/** Who waits for what. Changes that come in one turn of the event loop are one fan-out, and so are those of a burst. */
export class Subscriptions {
  private readonly topics = new Map<string, Topic>();
  private readonly pending = new Set<App>();
  private count = 0;
  private running = false;
  /** Those who are told of `telling`, and how many of them were. */
  private queue: readonly Waiting[] = [];
  private told = 0;
  private telling: App | undefined;
  private cancelBurst: (() => void) | undefined;

  /**
   * @param burstMs after a change so many milliseconds pass before anybody is told: a deployment changes an app several
   *   times at once, and each telling costs as much as there are waiters. Default 0: the next turn of the event loop.
   */
  constructor(
    private readonly clock: Clock = systemClock,
    private readonly burstMs = 0,
  ) {}

  /** How many wait. */
  get size(): number {
    return this.count;
  }

  /** Calling the result ends the wait; safe after it has ended by itself. */
  add(waiter: Waiter): () => void {
    const topics = waiter.appids.map((appid) => this.open(keyText(waiter.env, appid)));
    const waiting: Waiting = { waiter, topics, isOver: false };
    for (const topic of topics) topic.waiting.add(waiting);
    this.count++;
    return () => this.remove(waiting);
  }

  isAwaited(app: App): boolean {
    return this.topics.has(keyText(app.env, app.appid));
  }

  /** Tells those who wait for this app, soon and in slices. */
  publish(app: App): void {
    if (!this.isAwaited(app)) return;
    this.pending.add(app);
    if (this.running) return;
    this.running = true;
    if (this.burstMs === 0) return soon(() => this.run());
    this.cancelBurst = this.clock.after(this.burstMs, () => this.run());
  }

  /** Nobody is told any more. */
  close(): void {
    this.cancelBurst?.();
  }

  /** Tells a slice of those who are to be told. */
  private run(): void {
    const end = this.clock.monotonic() + SLICE_MS;
    for (let count = 0; count < SLICE && this.clock.monotonic() < end; count++) {
      const app = this.told < this.queue.length ? this.telling : this.nextApp();
      if (!app) {
        this.running = false;
        return;
      }
      const waiting = this.queue[this.told++];
      if (waiting && !waiting.isOver && waiting.waiter.notify(app)) this.remove(waiting);
    }
    soon(() => this.run());
  }

  /** The next app that has changed. One that changes while its waiters are told comes up again. */
  private nextApp(): App | undefined {
    const [app] = this.pending;
    if (app) this.pending.delete(app);
    this.telling = app;
    this.told = 0;
    // A copy: those who come while it is told see the new state already.
    this.queue = app ? [...(this.topics.get(keyText(app.env, app.appid))?.waiting ?? [])] : [];
    return app;
  }

  private open(key: string): Topic {
    const known = this.topics.get(key);
    if (known) return known;
    const topic: Topic = { key, waiting: new Set() };
    this.topics.set(key, topic);
    return topic;
  }

  private remove(waiting: Waiting): void {
    if (waiting.isOver) return;
    waiting.isOver = true;
    this.count--;
    for (const topic of waiting.topics) {
      topic.waiting.delete(waiting);
      if (topic.waiting.size === 0) this.topics.delete(topic.key);
    }
  }
}

// The registry's own nodes are found in every env. No env or app id holds a comma.
function keyText(env: string, appid: string): string {
  return appid === INFRA_APPID ? `*,${appid}` : `${env},${appid}`;
}
