import { setMaxListeners } from "node:events";
import {
  backoffMs,
  defaultBackoff,
  silentLogger,
  sleep,
  systemClock,
  systemRandom,
} from "@discoveryd/runtime";
import type { Clock, Logger, Random } from "@discoveryd/runtime";
import type { AppsAnswer, RegistryApi } from "../http/registry-api";
import type { WatchedApp } from "./app-store";
import { Poller, type PollerOptions, type Told } from "./poller";
import type { SnapshotFile } from "./snapshot-file";

export interface WatcherOptions extends PollerOptions {
  readonly api: Pick<RegistryApi, "fetchs" | "polls">;
  /** Where last known states are kept, and come from while no node answers. Default: nowhere. */
  readonly snapshot?: Pick<SnapshotFile, "load" | "save">;
}

/** The most apps in one poll: with appids of up to 100 characters its address stays under 16 KiB. */
const GROUP = 100;
/** Between two requests that a `refresh` of one app makes, in milliseconds. */
const REFRESH_MS = 1_000;
/** Without an answer for so long, in milliseconds, what the snapshot has is used. */
const RESTORE_MS = 3_000;

/** Somebody's interest in one app. */
export interface Watch {
  readonly app: WatchedApp;
  /** Asks for the app now, unless that was done less than a second ago. */
  refresh(): void;
  /** Ends it. Safe to call twice. */
  close(): void;
}

interface Entry {
  readonly app: WatchedApp;
  watches: number;
  askedAt: number;
}

/**
 * Watches apps: the first state of each by a request of its own, at once, and what follows by long polls that many
 * apps share. The first state so never waits for a poll that hangs.
 */
export class Watcher {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly logger: Logger;
  private readonly entries = new Map<string, Entry>();
  private readonly closed = new AbortController();
  private fresh: string[] = [];
  private pollers: Poller[] = [];

  constructor(private readonly options: WatcherOptions) {
    // Many requests at once listen to it.
    setMaxListeners(0, this.closed.signal);
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.logger = options.logger ?? silentLogger;
  }

  /** Starts to watch an app. All that start within one turn of the event loop are asked for together. */
  watch(appid: string): Watch {
    const entry = this.entries.get(appid) ?? this.begin(appid);
    entry.watches++;
    let isOpen = true;
    return {
      app: entry.app,
      refresh: () => this.refresh(entry),
      close: () => {
        if (isOpen && --entry.watches === 0) this.end(appid);
        isOpen = false;
      },
    };
  }

  /** Ends all polls and requests. Safe to call twice. */
  close(): void {
    this.closed.abort();
    for (const poller of this.pollers) poller.close();
    this.pollers = [];
  }

  private begin(appid: string): Entry {
    const entry: Entry = { app: this.options.store.open(appid), watches: 0, askedAt: this.clock.monotonic() };
    this.entries.set(appid, entry);
    entry.app.changes.on((info) => this.options.snapshot?.save(appid, info));
    if (this.fresh.length === 0) setImmediate(() => this.introduceFresh());
    this.fresh.push(appid);
    return entry;
  }

  private end(appid: string): void {
    this.entries.delete(appid);
    this.options.store.remove(appid);
    for (const poller of this.pollers) poller.remove(appid);
    for (const poller of this.pollers.filter(({ size }) => size === 0)) poller.close();
    this.pollers = this.pollers.filter(({ size }) => size > 0);
  }

  private introduceFresh(): void {
    const appids = [...new Set(this.fresh)].filter((appid) => this.entries.has(appid));
    this.fresh = [];
    for (let at = 0; at < appids.length; at += GROUP) void this.introduce(appids.slice(at, at + GROUP));
  }

  /** Asks for the first state of apps until a node answers, and has them polled for after the first try. */
  private async introduce(appids: readonly string[]): Promise<void> {
    const cancelRestore = this.clock.after(RESTORE_MS, () => void this.restore(appids));
    for (let attempt = 0; ; attempt++) {
      const wanted = appids.filter((appid) => this.isWaiting(appid));
      if (wanted.length === 0 || this.closed.signal.aborted) break;
      const told = await this.ask(wanted);
      if (attempt === 0) this.poll(appids, told);
      if (told) break;
      if (this.options.nodes.isExhausted) await this.restore(appids);
      await sleep(this.clock, backoffMs(attempt, defaultBackoff, this.random), this.closed.signal);
    }
    cancelRestore();
  }

  /** What the snapshot has of apps that no node has told of. */
  private async restore(appids: readonly string[]): Promise<void> {
    const saved = await this.options.snapshot?.load();
    if (!saved || this.closed.signal.aborted) return;
    for (const appid of appids.filter((wanted) => this.isWaiting(wanted))) {
      const info = saved.get(appid);
      if (info) this.entries.get(appid)?.app.take({ kind: "told", info });
    }
  }

  private isWaiting(appid: string): boolean {
    const entry = this.entries.get(appid);
    return entry !== undefined && entry.app.info === undefined;
  }

  /** One `fetchs`. Undefined when it failed. */
  private async ask(appids: readonly string[]): Promise<ReadonlyMap<string, Told> | undefined> {
    const { api, nodes, env, store } = this.options;
    const node = nodes.current;
    let answer: AppsAnswer;
    try {
      answer = await api.fetchs(node, env, appids, this.closed.signal);
    } catch (cause) {
      if (this.closed.signal.aborted) return undefined;
      this.logger[nodes.failure ? "debug" : "warn"]({ node, cause }, "fetch failed");
      nodes.failedAt(node, cause);
      if (nodes.isExhausted) store.outage();
      return undefined;
    }
    if (this.closed.signal.aborted) return undefined;
    nodes.succeeded();
    for (const poller of this.pollers) poller.wake();
    return this.learn(node, appids, answer);
  }

  private learn(node: string, appids: readonly string[], answer: AppsAnswer): ReadonlyMap<string, Told> {
    const told = new Map<string, Told>();
    for (const appid of appids) {
      const app = this.entries.get(appid)?.app;
      const info = answer.apps.get(appid);
      if (!app || answer.unreadable.has(appid)) continue;
      if (!info) app.take({ kind: "unknown", node, isOnly: this.options.nodes.isOnly });
      else {
        told.set(appid, { node, lastTs: info.lastTs });
        // A poll may have brought something newer meanwhile.
        if (info.lastTs > (app.info?.lastTs ?? -1n)) app.take({ kind: "told", info });
      }
    }
    return told;
  }

  /** Shares apps out over the pollers, each of which then polls anew. */
  private poll(appids: readonly string[], told: ReadonlyMap<string, Told> | undefined): void {
    if (this.closed.signal.aborted) return;
    const left = appids.filter((appid) => this.entries.has(appid) && !this.pollers.some((p) => p.has(appid)));
    while (left.length > 0) {
      const poller = this.pollers.find(({ size }) => size < GROUP) ?? this.addPoller();
      const share = left.splice(0, GROUP - poller.size);
      poller.add(new Map(share.map((appid) => [appid, told?.get(appid)])));
    }
  }

  private addPoller(): Poller {
    const poller = new Poller(this.options);
    this.pollers.push(poller);
    return poller;
  }

  private refresh(entry: Entry): void {
    const now = this.clock.monotonic();
    if (now - entry.askedAt < REFRESH_MS || this.closed.signal.aborted) return;
    entry.askedAt = now;
    void this.ask([entry.app.appid]);
  }
}
