import { backoffMs, systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { StoredInstance } from "../registry/stored-instance";
import { Heartbeats } from "./heartbeats";
import { keyOf, keyText, type News, type Operation, type Outcome, type Renew } from "./operation";
import { Outbox, type Entry } from "./outbox";
import type { PeerLink } from "./peer-link";

/** News leaves after so many milliseconds, with all that came meanwhile. */
const NEWS_DELAY_MS = 5;
/** Heartbeats alone may wait this long, in milliseconds: a lease lasts 90 s, and one request then carries many. */
const RENEW_DELAY_MS = 1_000;
/** The most operations in one request. */
const BATCH = 1_000;
/** A lost peer is tried again within 2 s, so that it has caught up soon after it is back. */
const RETRY = { baseMs: 200, maxMs: 2_000 };

/**
 * What is known of a peer.
 *
 * - up: it answered last, or was not asked yet.
 * - lost: it did not answer; nobody waits for it. The first answer makes it up again.
 */
export type PeerState =
  | { readonly kind: "up" }
  | { readonly kind: "lost"; readonly since: number; readonly attempt: number; readonly cause: unknown };

/** What goes in one request: news first, then heartbeats. */
interface Batch {
  readonly news: readonly Entry[];
  readonly heartbeats: readonly Heartbeat[];
}

interface Heartbeat {
  readonly operation: Renew;
  readonly of: StoredInstance;
}

/** What became of a batch: heard; heard in part, and the rest waits again; or not heard. */
type Delivery = { readonly kind: "all" | "part" } | { readonly kind: "failed"; readonly cause: unknown };

export interface PeerOptions {
  /** host:port. */
  readonly addr: string;
  readonly zone: string;
  readonly link: PeerLink;
  /**
   * The news as it is true now, when it is about to be sent; undefined when it no longer matters.
   * @param waitedMs how long ago it was told, in milliseconds.
   */
  readonly refresh: (news: News, waitedMs: number) => News | undefined;
  /** The last heartbeat of an instance, as it is about to be sent; undefined when the instance is gone. */
  readonly renewal: (stored: StoredInstance) => Renew | undefined;
  /** Called with what the peer made of each operation it has answered. */
  readonly onOutcome: (operation: Operation, outcome: Outcome, peer: Peer) => void;
  /** Called when it does not answer any more. What it has still to hear is `waiting` and `waitingHeartbeats`. */
  readonly onLost: (peer: Peer) => void;
  /** Called when it answers again after it was lost. */
  readonly onBack: (peer: Peer) => void;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Another node, seen from this one: what it has still to hear, and whether it answers. */
export class Peer {
  readonly addr: string;
  readonly zone: string;
  readonly link: PeerLink;
  private readonly outbox = new Outbox();
  private readonly heartbeats = new Heartbeats();
  private readonly clock: Clock;
  private readonly random: Random;
  private state: PeerState = { kind: "up" };
  private timer: { readonly at: number; readonly cancel: () => void } | undefined;
  private sending: Promise<void> | undefined;
  private closed = false;
  private operations = 0;

  constructor(private readonly options: PeerOptions) {
    this.addr = options.addr;
    this.zone = options.zone;
    this.link = options.link;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
  }

  get isLost(): boolean {
    return this.state.kind === "lost";
  }

  /** Requests sent to tell it something, and operations in them. */
  get sent(): { requests: number; operations: number } {
    return { requests: this.link.requests, operations: this.operations };
  }

  /** How many operations wait to be sent. */
  get backlog(): number {
    return this.outbox.size + this.heartbeats.size;
  }

  /** The news that waits to be sent. */
  get waiting(): readonly News[] {
    return this.outbox.operations();
  }

  /** The instances whose heartbeats wait to be told. */
  get waitingHeartbeats(): readonly StoredInstance[] {
    return this.heartbeats.all();
  }

  /**
   * Sends the news soon. `settle` is called once, never synchronously: when the peer has answered it, or is
   * found not to answer. Of a lost peer nothing is expected, and `settle` is not called at all: returns false.
   */
  tell(news: News, settle?: () => void): boolean {
    if (this.closed) return false;
    const { isLost } = this;
    this.outbox.put(news, this.clock.monotonic(), isLost ? undefined : settle);
    // A lost peer is being tried already.
    if (!isLost) this.schedule(NEWS_DELAY_MS);
    return !isLost;
  }

  /** Tells of an instance's last heartbeat, with others, within a second. */
  tellHeartbeat(stored: StoredInstance): void {
    if (this.closed) return;
    this.heartbeats.add(stored);
    const isPlanned = this.timer !== undefined && this.backlog < BATCH;
    if (!isPlanned && !this.isLost) this.schedule(RENEW_DELAY_MS);
  }

  /** Sends what waits, once, without waiting for answers that do not come; then ends. */
  async close(): Promise<void> {
    if (this.closed) return;
    await this.sending;
    if (!this.isLost) await this.flush();
    this.closed = true;
    this.timer?.cancel();
    this.outbox.settleAll();
    await this.link.close();
  }

  private schedule(ms: number): void {
    if (this.closed || this.sending) return;
    const delayMs = this.backlog >= BATCH && !this.isLost ? 0 : ms;
    const at = this.clock.monotonic() + delayMs;
    if (this.timer && this.timer.at <= at) return;
    this.timer?.cancel();
    this.timer = { at, cancel: this.clock.after(delayMs, () => void this.flush()) };
  }

  /** One request at a time, so that what is said of an instance arrives in order. */
  private flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    if (this.closed || (this.backlog === 0 && !this.isLost)) return Promise.resolve();
    this.sending ??= this.send();
    return this.sending;
  }

  private async send(): Promise<void> {
    const batch = this.takeBatch();
    const delivery = await this.deliver(batch);
    this.sending = undefined;
    if (delivery.kind === "failed") this.lose(batch, delivery.cause);
    else if (delivery.kind === "part") this.schedule(0);
    else if (this.outbox.size > 0) this.schedule(NEWS_DELAY_MS);
    else if (this.heartbeats.size > 0) this.schedule(RENEW_DELAY_MS);
  }

  /** An instance is in it once: news says of it all that its heartbeat would. */
  private takeBatch(): Batch {
    const news = this.freshen(this.outbox.take(BATCH));
    const told = new Set(news.map(({ operation }) => keyText(keyOf(operation))));
    const heartbeats: Heartbeat[] = [];
    for (const of of this.heartbeats.take(BATCH - news.length)) {
      const operation = this.options.renewal(of);
      if (!operation || (told.size > 0 && told.has(keyText(operation.key)))) continue;
      heartbeats.push({ operation, of });
    }
    return { news, heartbeats };
  }

  /** What waited long may be over by now. */
  private freshen(batch: readonly Entry[]): Entry[] {
    const now = this.clock.monotonic();
    return batch.flatMap((entry) => {
      const operation = this.options.refresh(entry.operation, now - entry.since);
      if (operation) return [{ ...entry, operation }];
      for (const fn of entry.settle) fn();
      return [];
    });
  }

  private async deliver({ news, heartbeats }: Batch): Promise<Delivery> {
    const operations = [...news, ...heartbeats].map(({ operation }) => operation);
    // A lost peer is asked for a sign of life even when all that it had to hear is over.
    if (operations.length === 0 && !this.isLost) return { kind: "all" };
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.link.send(operations);
      if (outcomes.length === 0 && operations.length > 0) throw new Error("it answered nothing");
    } catch (cause) {
      return { kind: "failed", cause };
    }
    this.operations += outcomes.length;
    this.found();
    outcomes.forEach((outcome, i) => {
      this.options.onOutcome(operations[i] as Operation, outcome, this);
      for (const fn of news[i]?.settle ?? []) fn();
    });
    if (outcomes.length === operations.length) return { kind: "all" };
    const heard = outcomes.length;
    this.putBack({ news: news.slice(heard), heartbeats: heartbeats.slice(Math.max(0, heard - news.length)) });
    return { kind: "part" };
  }

  private putBack({ news, heartbeats }: Batch): void {
    this.outbox.putBack(news);
    for (const { of } of heartbeats) this.heartbeats.add(of);
  }

  private found(): void {
    if (this.state.kind === "up") return;
    const lostMs = Math.round(this.clock.monotonic() - this.state.since);
    this.state = { kind: "up" };
    this.options.logger.info(
      { peer: this.addr, zone: this.zone, lostMs, backlog: this.backlog },
      "peer is back",
    );
    this.options.onBack(this);
  }

  private lose(batch: Batch, cause: unknown): void {
    this.putBack(batch);
    this.outbox.settleAll();
    const attempt = this.state.kind === "lost" ? this.state.attempt + 1 : 0;
    if (this.state.kind === "up") {
      this.state = { kind: "lost", since: this.clock.monotonic(), attempt, cause };
      this.options.logger.warn({ peer: this.addr, zone: this.zone, err: cause }, "peer lost");
      this.options.onLost(this);
    } else this.state = { ...this.state, attempt, cause };
    this.schedule(backoffMs(attempt, RETRY, this.random));
  }
}
