import { silentLogger, sleep, systemClock, systemRandom } from "@discoveryd/runtime";
import type { Clock, Logger, Random } from "@discoveryd/runtime";
import type { AppsAnswer, RegistryApi } from "../http/registry-api";
import type { NodeList } from "../nodes/node-list";
import type { AppStore } from "./app-store";
import { firstPace, pace, type PollOutcome } from "./poll-pace";

export interface PollerOptions {
  readonly api: Pick<RegistryApi, "polls">;
  readonly nodes: NodeList;
  readonly store: AppStore;
  readonly env: string;
  /**
   * Called when a node answers a poll after one failed, with how long that poll was put off, in milliseconds: by a
   * random time, so that clients come back one after another. Default: nobody wants to know.
   */
  readonly onRecovered?: (putOffMs: number) => void;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** What a node told of an app, and which node. Timestamps of one node mean nothing to another. */
export interface Told {
  readonly node: string;
  readonly lastTs: bigint;
}

/** So long after a poll began a wait for the next may be cut short, in milliseconds. */
const WAKE_MS = 1_000;

/** Keeps one long poll open for a group of apps, at one node at a time, until it is closed. */
export class Poller {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly logger: Logger;
  private readonly told = new Map<string, Told | undefined>();
  private readonly closed = new AbortController();
  private round = new AbortController();
  private nap = new AbortController();
  /** When the last poll began, in milliseconds of the monotonic clock. */
  private polledAt = 0;
  /** How long that one was put off, in milliseconds. */
  private putOffMs = 0;
  private isRunning = false;
  private isFailing = false;

  constructor(private readonly options: PollerOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.logger = options.logger ?? silentLogger;
  }

  /** How many apps it polls for. */
  get size(): number {
    return this.told.size;
  }

  has(appid: string): boolean {
    return this.told.has(appid);
  }

  /** Adds apps, with what a node has told of them already. A hanging poll is replaced by one that has them too. */
  add(apps: ReadonlyMap<string, Told | undefined>): void {
    for (const [appid, told] of apps) this.told.set(appid, told);
    this.round.abort();
    if (this.isRunning) return;
    this.isRunning = true;
    void this.run();
  }

  /**
   * A node has answered something else: after a failure the next poll waits no longer. Never more than one a second
   * comes of it, since polls may fail where everything else is answered.
   */
  wake(): void {
    if (this.isFailing && this.clock.monotonic() - this.polledAt >= WAKE_MS) this.nap.abort();
  }

  /** The poll under way may still answer for the app; nobody hears of it. */
  remove(appid: string): void {
    this.told.delete(appid);
  }

  /** Ends the poll under way. */
  close(): void {
    this.closed.abort();
    this.round.abort();
    this.nap.abort();
  }

  private async run(): Promise<void> {
    let state = firstPace;
    while (!this.closed.signal.aborted) {
      const node = this.options.nodes.current;
      this.polledAt = this.clock.monotonic();
      const end = await this.poll(node);
      if (end.kind === "replaced") continue;
      const step = pace(state, end.kind, this.clock.monotonic() - this.polledAt, this.random);
      if (step.verdict === "bad") this.leave(node, end.cause);
      else this.options.nodes.succeeded();
      if (step.verdict === "good") this.settle(node, end);
      state = step;
      this.putOffMs = 0;
      if (step.waitMs === 0 || this.closed.signal.aborted) continue;
      this.nap = new AbortController();
      const sleptAt = this.clock.monotonic();
      await sleep(this.clock, step.waitMs, this.nap.signal);
      this.putOffMs = this.clock.monotonic() - sleptAt;
    }
  }

  private async poll(node: string): Promise<PollEnd> {
    this.round = new AbortController();
    const { signal } = this.round;
    const asked = new Map(
      [...this.told].map(([appid, told]) => [appid, told?.node === node ? told.lastTs : 0n]),
    );
    let answer: AppsAnswer | "unchanged";
    try {
      answer = await this.options.api.polls(node, this.options.env, asked, signal);
    } catch (cause) {
      return signal.aborted ? { kind: "replaced" } : { kind: "failed", cause, ...noSilence };
    }
    if (signal.aborted) return { kind: "replaced" };
    if (answer === "unchanged") return { kind: "unchanged", ...silenceOf(asked) };
    return { kind: this.learn(node, asked, answer), cause: nothingNew, ...silenceOf(asked, answer) };
  }

  private learn(node: string, asked: ReadonlyMap<string, bigint>, answer: AppsAnswer): PollOutcome {
    for (const [appid, cause] of answer.unreadable) {
      this.logger.warn({ appid, node, cause }, "app unreadable");
    }
    let outcome: PollOutcome = "nothing";
    for (const [appid, info] of answer.apps) {
      const askedTs = asked.get(appid);
      // Not asked for, or older than what this very node has told before: no registry says that.
      if (askedTs === undefined || (askedTs > 0n && info.lastTs <= askedTs)) continue;
      if (this.told.has(appid)) this.told.set(appid, { node, lastTs: info.lastTs });
      const isNews = this.options.store.get(appid)?.take({ kind: "told", info }) ?? false;
      if (isNews) outcome = "news";
      else if (outcome === "nothing" && info.lastTs > askedTs) outcome = "learnt";
    }
    return outcome;
  }

  /** Draws the conclusions from what a good answer does not say. */
  private settle(node: string, { quiet, untold }: Silence): void {
    const { nodes, store } = this.options;
    for (const appid of quiet) store.get(appid)?.take({ kind: "quiet" });
    for (const appid of untold) store.get(appid)?.take({ kind: "unknown", node, isOnly: nodes.isOnly });
    if (untold.some((appid) => store.get(appid)?.needsAnotherNode)) nodes.advance();
    if (!this.isFailing) return;
    this.isFailing = false;
    this.logger.info({ node }, "polls answered again");
    this.options.onRecovered?.(this.putOffMs);
  }

  private leave(node: string, cause: unknown): void {
    const { nodes, store } = this.options;
    // Once an outage, not once a try.
    this.logger[this.isFailing ? "debug" : "warn"]({ node, cause }, "poll failed");
    this.isFailing = true;
    nodes.failedAt(node, cause);
    for (const appid of this.told.keys()) this.told.set(appid, undefined);
    if (nodes.isExhausted) store.outage();
  }
}

type PollEnd =
  { readonly kind: "replaced" } | ({ readonly kind: PollOutcome; readonly cause?: unknown } & Silence);

/** What an answer says nothing of. */
interface Silence {
  /** Apps that the node has told of before. */
  readonly quiet: readonly string[];
  /**
   * Apps asked for from the beginning. Who has heard of an app tells a poller that has nothing of it: this node knows
   * none of these.
   */
  readonly untold: readonly string[];
}

const noSilence: Silence = { quiet: [], untold: [] };

const nothingNew = new Error("the registry answered a poll without anything new");

function silenceOf(asked: ReadonlyMap<string, bigint>, answer?: AppsAnswer): Silence {
  const silent = [...asked].filter(([appid]) => !answer?.apps.has(appid) && !answer?.unreadable.has(appid));
  return {
    quiet: silent.filter(([, lastTs]) => lastTs > 0n).map(([appid]) => appid),
    untold: silent.filter(([, lastTs]) => lastTs === 0n).map(([appid]) => appid),
  };
}
