import {
  INFRA_APPID,
  STATUS_UP,
  TimestampSource,
  encodeAroundRenew,
  metadataOf,
  nextOnGrid,
  timestampFromMs,
  timestampToMs,
  type Instance,
  type InstanceKey,
  type Metadata,
  type Scheduler,
  type Status,
  type Timestamp,
} from "@discoveryd/protocol";
import { Emitter, systemClock, type Clock } from "@discoveryd/runtime";
import type { App } from "./app";
import { Apps } from "./apps";
import { Guard, type GuardPolicy, type GuardState } from "./guard";
import { LeaseList } from "./lease-list";
import { ownInstance } from "./own-instance";
import { looksDifferent } from "./same-instance";
import { StoredInstance } from "./stored-instance";
import { Tombstones } from "./tombstones";

/** An instance as its client or a peer describes it. Timestamps left out are now. */
export interface Registering extends InstanceKey {
  readonly region: string;
  readonly addrs: readonly string[];
  readonly version: string;
  readonly metadata: Metadata;
  readonly status: Status;
  readonly regTimestamp?: Timestamp | undefined;
  readonly dirtyTimestamp?: Timestamp | undefined;
  readonly latestTimestamp?: Timestamp | undefined;
  /** A peer passes it on: late news of a former life is refused. */
  readonly replicated: boolean;
}

/**
 * What a register did.
 *
 * - created, changed: consumers see it.
 * - renewed: it changes nothing a consumer sees.
 * - stale: the stored instance is newer and stays.
 * - buried: it was cancelled since.
 */
export type Registered =
  | { readonly kind: "created" | "changed" | "renewed" | "stale"; readonly instance: StoredInstance }
  | { readonly kind: "buried" };

/**
 * What a renewal did. Of a replicated one the version is compared: `behind` means that the sender has a newer copy
 * than this node, `conflict` that it has an older one.
 */
export type Renewed =
  | { readonly kind: "renewed" | "behind" | "conflict"; readonly instance: StoredInstance }
  | { readonly kind: "missing" };

/** Removed; or unknown; or older than what is here, and ignored. */
export type Cancelled =
  { readonly kind: "cancelled"; readonly at: Timestamp } | { readonly kind: "missing" | "stale" };

/** One instance's part of a set; what is undefined stays. Metadata is merged over what is there. */
export interface Change {
  readonly hostname: string;
  readonly status?: Status | undefined;
  readonly metadata?: Metadata | undefined;
}

/** A set of several instances of one app in one zone. */
export interface Setting {
  readonly env: string;
  readonly appid: string;
  readonly zone: string;
  readonly changes: readonly Change[];
  /** When it was made; now when undefined. */
  readonly timestamp?: Timestamp | undefined;
}

/**
 * What became of a peer's state of an instance.
 *
 * - taken: it is newer, or was unknown; it is here now.
 * - same: it is what is here already.
 * - conflict: what is here is newer.
 * - buried: it was cancelled since, `at` this timestamp.
 */
export type Adopted =
  | { readonly kind: "taken" | "same" | "conflict"; readonly instance: StoredInstance }
  | { readonly kind: "buried"; readonly at: Timestamp };

export interface RegistryOptions {
  readonly clock?: Clock;
  readonly guard: GuardPolicy;
}

/** A change's own timestamp counts only up to here: a client's nonsense must not stop an app's clock. One day. */
const MAX_AHEAD_MS = 86_400_000;

/** An app without instances is remembered for this long after its last poller, in milliseconds. */
const FORGET_APP_MS = 600_000;

/**
 * What is registered. Knows no HTTP, no peers, no disk, and starts no timer.
 *
 * Emits `changed` with each app whose consumers see something new, synchronously and after the change is done.
 */
export class Registry {
  readonly changed = new Emitter<App>();
  readonly apps = new Apps();
  readonly leases = new LeaseList<StoredInstance>();
  readonly tombstones = new Tombstones();

  /** Renewals of instances that were not here. */
  unknownRenewals = 0;

  private readonly clock: Clock;
  private readonly timestamps: TimestampSource;
  private readonly guard: Guard;

  constructor({ clock = systemClock, guard }: RegistryOptions) {
    this.clock = clock;
    this.timestamps = new TimestampSource(() => clock.now());
    this.guard = new Guard(guard);
  }

  /** How many instances there are. */
  get size(): number {
    return this.leases.size;
  }

  find({ env, appid, zone, hostname }: InstanceKey): StoredInstance | undefined {
    return this.apps.find(env, appid)?.find({ zone, hostname });
  }

  register(input: Registering): Registered {
    const now = this.timestamps.next();
    const stored = this.find(input);
    const buriedAt = this.cancelledAt(input);
    const dirty = input.dirtyTimestamp ?? versionAfter(stored?.instance.dirtyTimestamp ?? buriedAt, now);
    if (input.replicated && buriedAt !== undefined && dirty < buriedAt) return { kind: "buried" };
    const app = this.apps.open(input.env, input.appid);
    if (stored && stored.instance.dirtyTimestamp > dirty) {
      if (!input.replicated) this.heartbeat(app, stored, now, this.clock.monotonic());
      return { kind: "stale", instance: stored };
    }
    this.tombstones.lift(input);
    const instance = instanceOf(input, stored?.instance, { now, dirty });
    if (!stored) return this.create(app, instance);
    return this.replace(app, stored, instance);
  }

  /**
   * Takes a peer's state of an instance to the digit, when it is newer than what is here: the newer dirty timestamp
   * wins, of equal ones the greater text. @param silentMs how long it has been silent at the peer.
   */
  adopt(instance: Instance, silentMs: number): Adopted {
    const buriedAt = this.tombstones.find(instance, this.clock.monotonic());
    if (buriedAt !== undefined && instance.dirtyTimestamp < buriedAt) return { kind: "buried", at: buriedAt };
    const app = this.apps.open(instance.env, instance.appid);
    const stored = app.find(instance);
    const renewedAt = this.clock.monotonic() - silentMs;
    this.tombstones.lift(instance);
    if (!stored) {
      this.insert(app, instance, renewedAt);
      return { kind: "taken", instance: app.find(instance) as StoredInstance };
    }
    if (renewedAt > stored.renewedAt) this.keepAlive(app, stored, instance.renewTimestamp, renewedAt);
    const order = compareVersions(instance, stored);
    if (order <= 0) return { kind: order === 0 ? "same" : "conflict", instance: stored };
    const seen = looksDifferent(stored.instance, instance);
    stored.replace(ownInstance({ ...instance, renewTimestamp: stored.renewTimestamp }, stored.instance));
    if (seen) this.announce(app, instance.latestTimestamp);
    return { kind: "taken", instance: stored };
  }

  /** When an instance was cancelled; undefined when it was not, or more than 3 minutes ago. */
  cancelledAt(key: InstanceKey): Timestamp | undefined {
    return this.tombstones.find(key, this.clock.monotonic());
  }

  /** How long a peer's instance has been silent by our clock, in milliseconds: from 0 to `mostMs`. */
  silenceOf({ renewTimestamp }: Instance, mostMs: number): number {
    return Math.min(mostMs, Math.max(0, this.clock.now() - timestampToMs(renewTimestamp)));
  }

  /** How long an instance has been silent, in milliseconds. */
  silentMs(stored: StoredInstance): number {
    return Math.max(0, Math.round(this.clock.monotonic() - stored.renewedAt));
  }

  /**
   * A heartbeat from a client, or from a peer that does not compare versions.
   *
   * @param silentMs how long ago it came, in milliseconds: a peer may have been away. Default 0.
   */
  renew(key: InstanceKey, silentMs = 0): Renewed {
    const app = this.apps.find(key.env, key.appid);
    const stored = app?.find(key);
    if (!app || !stored) {
      this.unknownRenewals++;
      return { kind: "missing" };
    }
    // Late news of an older heartbeat than the last one.
    const isLate = silentMs > 0 && silentMs >= this.silentMs(stored);
    if (!isLate) this.heartbeat(app, stored, this.timestamps.next(), this.clock.monotonic(), silentMs);
    return { kind: "renewed", instance: stored };
  }

  /** Heartbeats from a client that came together share one moment. In their order; undefined is one not here. */
  renewAll(keys: readonly InstanceKey[]): (StoredInstance | undefined)[] {
    const timestamp = this.timestamps.next();
    const now = this.clock.monotonic();
    return keys.map((key) => {
      const app = this.apps.find(key.env, key.appid);
      const stored = app?.find(key);
      if (app && stored) this.heartbeat(app, stored, timestamp, now);
      else this.unknownRenewals++;
      return stored;
    });
  }

  /** A heartbeat that a peer passes on, with the version it has. */
  renewReplicated(key: InstanceKey, dirty: Timestamp, silentMs = 0): Renewed {
    const renewed = this.renew(key, silentMs);
    if (renewed.kind !== "renewed") return renewed;
    const own = renewed.instance.instance.dirtyTimestamp;
    if (own === dirty) return renewed;
    return { kind: own < dirty ? "behind" : "conflict", instance: renewed.instance };
  }

  /** Removes an instance for its client. It is newer than what is here, whatever the clocks say. */
  cancel(key: InstanceKey): Cancelled {
    const app = this.apps.find(key.env, key.appid);
    const stored = app?.find(key);
    if (!app || !stored) return { kind: "missing" };
    const at = versionAfter(stored.instance.dirtyTimestamp, this.timestamps.next());
    this.bury(app, stored, at);
    return { kind: "cancelled", at };
  }

  /** Removes an instance for a peer, unless it has registered again since. `at` undefined is now. */
  cancelReplicated(key: InstanceKey, at: Timestamp | undefined): Cancelled {
    const app = this.apps.find(key.env, key.appid);
    const stored = app?.find(key);
    const when = at ?? versionAfter(stored?.instance.dirtyTimestamp, this.timestamps.next());
    if (!app || !stored) {
      // Its register may be still under way.
      this.tombstones.bury(key, when, this.clock.monotonic());
      return { kind: "missing" };
    }
    if (when < stored.instance.dirtyTimestamp) return { kind: "stale" };
    this.bury(app, stored, when);
    return { kind: "cancelled", at: when };
  }

  /** Changes several instances: all of them, or none ("missing") when one is unknown. */
  set(setting: Setting): "set" | "missing" {
    const app = this.apps.find(setting.env, setting.appid);
    const found = setting.changes.map((change) => ({ change, stored: app?.find({ ...setting, ...change }) }));
    if (!app || found.some(({ stored }) => stored === undefined)) return "missing";
    const now = this.timestamps.next();
    let latest: Timestamp | undefined;
    for (const { change, stored } of found as { change: Change; stored: StoredInstance }[]) {
      const at = setting.timestamp ?? versionAfter(stored.instance.dirtyTimestamp, now);
      // A peer's news of a state that is older than what is here.
      if (at < stored.instance.dirtyTimestamp) continue;
      stored.replace(ownInstance(applied(stored, change, at), stored.instance));
      if (latest === undefined || at > latest) latest = at;
    }
    if (latest !== undefined) this.announce(app, latest);
    return "set";
  }

  /** Removes an instance whose lease has run out. Every node judges for itself, so nothing is left of it. */
  evict(stored: StoredInstance): void {
    const app = this.apps.find(stored.instance.env, stored.instance.appid);
    if (!app || app.find(stored.instance) !== stored) return;
    this.remove(app, stored);
    this.announce(app, this.timestamps.next());
  }

  /** Gives an app a strategy for its zones, or (undefined) takes it away. */
  schedule(env: string, appid: string, scheduler: Scheduler | undefined): void {
    const app = scheduler ? this.apps.open(env, appid) : this.apps.find(env, appid);
    if (!app) return;
    app.scheduler = scheduler;
    this.announce(app, this.timestamps.next());
  }

  /** Whether far fewer renewals come than should. */
  judge(): GuardState {
    return this.guard.judge(this.clock.monotonic());
  }

  /** Forgets tombstones that are over, and apps long without instance that nobody waits for. */
  tidy(isAwaited: (app: App) => boolean): void {
    const now = this.clock.monotonic();
    this.tombstones.sweep(now);
    for (const app of this.apps.all()) {
      if (app.size > 0 || app.scheduler) continue;
      // One that never had an instance counts from the first look.
      app.emptySince ??= now;
      if (now - app.emptySince >= FORGET_APP_MS && !isAwaited(app)) this.forget(app);
    }
  }

  /** A poller may hold the app's timestamp: what registers later must be newer than that. */
  private forget(app: App): void {
    if (app.latestTimestamp > timestampFromMs(this.clock.now())) return;
    this.timestamps.observe(app.latestTimestamp);
    this.apps.forget(app);
  }

  private create(app: App, instance: Instance): Registered {
    return { kind: "created", instance: this.insert(app, instance, this.clock.monotonic()) };
  }

  private insert(app: App, instance: Instance, renewedAt: number): StoredInstance {
    const own = ownInstance(instance, app.any()?.instance);
    const stored = new StoredInstance(own, this.clock.monotonic());
    stored.renewedAt = renewedAt;
    app.add(stored);
    this.leases.add(stored);
    this.guard.arrived(stored.joinedAt);
    this.announce(app, instance.latestTimestamp);
    return stored;
  }

  private replace(app: App, stored: StoredInstance, instance: Instance): Registered {
    const seen = looksDifferent(stored.instance, instance);
    const { latestTimestamp } = seen ? instance : stored.instance;
    stored.replace(ownInstance({ ...instance, latestTimestamp }, stored.instance));
    this.heartbeat(app, stored, instance.renewTimestamp, this.clock.monotonic());
    if (seen) this.announce(app, instance.latestTimestamp);
    return { kind: seen ? "changed" : "renewed", instance: stored };
  }

  private heartbeat(app: App, stored: StoredInstance, timestamp: Timestamp, now: number, silentMs = 0): void {
    this.keepAlive(app, stored, timestamp, now - silentMs);
    this.guard.renewed(now);
  }

  private keepAlive(app: App, stored: StoredInstance, timestamp: Timestamp, renewedAt: number): void {
    stored.renew(timestamp, renewedAt);
    this.leases.touch(stored);
    app.renewed();
  }

  private bury(app: App, stored: StoredInstance, at: Timestamp): void {
    this.tombstones.bury(stored.instance, at, this.clock.monotonic());
    this.remove(app, stored);
    this.announce(app, at);
  }

  private remove(app: App, stored: StoredInstance): void {
    const now = this.clock.monotonic();
    app.remove(stored.instance, now);
    this.leases.remove(stored);
    this.guard.left(stored.joinedAt, now);
  }

  private announce(app: App, at: Timestamp): void {
    const ahead = timestampFromMs(this.clock.now() + MAX_AHEAD_MS);
    app.changed(at <= ahead ? at : this.timestamps.next());
    this.changed.emit(app);
  }
}

/** The version of a change made here: now, or just after the last one, when that came from a clock ahead of ours. */
function versionAfter(last: Timestamp | undefined, now: Timestamp): Timestamp {
  if (last === undefined || last < now) return now;
  const next = nextOnGrid(last);
  // Beyond an int64 no client can read it.
  return BigInt.asIntN(64, next) === next ? next : last;
}

/** Whether this app id names the registry's own nodes. */
export function isInfra({ appid }: Pick<InstanceKey, "appid">): boolean {
  return appid === INFRA_APPID;
}

function instanceOf(
  input: Registering,
  previous: Instance | undefined,
  { now, dirty }: { now: Timestamp; dirty: Timestamp },
): Instance {
  const wasUp = previous !== undefined && (previous.status === STATUS_UP || input.status !== STATUS_UP);
  return {
    region: input.region,
    zone: input.zone,
    env: input.env,
    appid: input.appid,
    hostname: input.hostname,
    addrs: input.addrs,
    version: input.version,
    metadata: input.metadata,
    status: input.status,
    regTimestamp: input.regTimestamp ?? now,
    upTimestamp: wasUp ? previous.upTimestamp : (input.regTimestamp ?? now),
    renewTimestamp: now,
    dirtyTimestamp: dirty,
    latestTimestamp: input.latestTimestamp ?? now,
  };
}

function applied(stored: StoredInstance, { status, metadata }: Change, at: Timestamp): Instance {
  const { instance } = stored;
  const comesUp = status === STATUS_UP && instance.status !== STATUS_UP;
  return {
    ...instance,
    status: status ?? instance.status,
    metadata: metadata ? metadataOf([...instance.metadata, ...metadata]) : instance.metadata,
    renewTimestamp: stored.renewTimestamp,
    upTimestamp: comesUp ? at : instance.upTimestamp,
    dirtyTimestamp: at,
    latestTimestamp: at,
  };
}

/** Above 0 when the incoming state is newer than the stored one, 0 when it is the same. */
function compareVersions(incoming: Instance, stored: StoredInstance): number {
  const own = stored.instance;
  if (incoming.dirtyTimestamp !== own.dirtyTimestamp)
    return incoming.dirtyTimestamp > own.dirtyTimestamp ? 1 : -1;
  const [a, b] = [encodeAroundRenew(incoming).join(""), encodeAroundRenew(own).join("")];
  return a === b ? 0 : a > b ? 1 : -1;
}
