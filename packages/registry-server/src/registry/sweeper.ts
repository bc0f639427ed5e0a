import { repeat, systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import type { Logger } from "pino";
import { expiredUntil, mostEvictions, pickEvictions, type EvictionPolicy } from "./eviction";
import type { App } from "./app";
import type { GuardState } from "./guard";
import type { Registry } from "./registry";
import type { StoredInstance } from "./stored-instance";

/** How often expired leases are looked for, in milliseconds: an eviction comes at most this long after expiry. */
const SWEEP_MS = 500;
/** How often what is over is forgotten, in milliseconds. */
const TIDY_MS = 30_000;
const MINUTE_MS = 60_000;
/** A sweep that comes later than this means that the process was stopped, and heard nobody. In milliseconds. */
const STALL_MS = 5_000;

export interface SweeperOptions {
  readonly registry: Registry;
  readonly policy: EvictionPolicy;
  /** Whether an instance is this node itself, which is never evicted. */
  readonly isSelf: (stored: StoredInstance) => boolean;
  /** Whether somebody waits for an app: it is then not forgotten. */
  readonly isAwaited: (app: App) => boolean;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What it did so far, for the metrics. */
export interface SweeperState extends GuardState {
  readonly evicted: number;
  /** Expired instances that stay, because of self-preservation or the most that may go in a minute. */
  readonly held: number;
}

/** Evicts what has not renewed its lease. The registry's only timers. */
export class Sweeper {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly recent: number[] = [];
  private guard: GuardState = { protecting: false, renewals: 0, expected: 0 };
  private evicted = 0;
  private held = 0;
  private sweptAt: number;
  private deafUntil = 0;
  private stops: (() => void)[] = [];

  constructor(private readonly options: SweeperOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.sweptAt = this.clock.monotonic();
  }

  get state(): SweeperState {
    return { ...this.guard, evicted: this.evicted, held: this.held };
  }

  start(): void {
    const { registry, isAwaited } = this.options;
    this.sweptAt = this.clock.monotonic();
    this.stops = [
      repeat(this.clock, SWEEP_MS, () => this.sweep()),
      repeat(this.clock, TIDY_MS, () => registry.tidy(isAwaited)),
    ];
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  private sweep(): void {
    const { registry, policy, isSelf } = this.options;
    const now = this.clock.monotonic();
    this.judge();
    this.noticeStall(now);
    const limit = expiredUntil(now, this.guard.protecting, policy);
    const expired = registry.leases.renewedUntil(limit).filter((stored) => !isSelf(stored));
    const most = now < this.deafUntil ? 0 : this.allowance(now);
    const picked = pickEvictions(expired, most, this.random);
    for (const stored of picked) this.evict(stored, now);
    this.held = expired.length - picked.length;
  }

  private judge(): void {
    const before = this.guard.protecting;
    this.guard = this.options.registry.judge();
    if (this.guard.protecting === before) return;
    const { renewals, expected } = this.guard;
    if (before)
      this.options.logger.info({ renewals, expected }, "self-preservation ended: enough renewals come");
    else this.options.logger.warn({ renewals, expected }, "self-preservation began: too few renewals come");
  }

  /** After the process was stopped everybody gets a lease to be heard again: it was us who did not listen. */
  private noticeStall(now: number): void {
    const stalledMs = now - this.sweptAt;
    this.sweptAt = now;
    if (stalledMs < STALL_MS) return;
    this.deafUntil = now + this.options.policy.ttlMs;
    this.options.logger.warn(
      { stalledMs: Math.round(stalledMs) },
      "the process stood still: nothing is evicted for a lease",
    );
  }

  private allowance(now: number): number {
    while (this.recent.length > 0 && (this.recent[0] as number) <= now - MINUTE_MS) this.recent.shift();
    const { registry, policy } = this.options;
    return mostEvictions(registry.size + this.recent.length, policy.keepShare) - this.recent.length;
  }

  private evict(stored: StoredInstance, now: number): void {
    const { env, appid, zone, hostname, addrs } = stored.instance;
    const silentMs = Math.round(now - stored.renewedAt);
    this.options.registry.evict(stored);
    this.recent.push(now);
    this.evicted++;
    this.options.logger.warn(
      { env, appid, zone, hostname, addrs, silentMs },
      "instance evicted: its lease ran out",
    );
  }
}
