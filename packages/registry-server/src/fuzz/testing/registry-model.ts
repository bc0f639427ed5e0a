import { STATUS_UP, metadataOf, timestampFromMs, type Instance, type Timestamp } from "@discoveryd/protocol";
import type { FakeClock } from "@discoveryd/runtime/testing";
import { ModelApp, isInfra, type AppId, type Content, type ModelInstance, type ModelKey } from "./model-app";
import { Chosen, known, type Stamp } from "./stamp";

/** A register as the model understands it. */
export interface ModelRegister {
  readonly key: ModelKey;
  readonly content: Content;
  readonly replication: boolean;
  readonly reg?: Timestamp | undefined;
  readonly latest?: Timestamp | undefined;
  readonly dirty?: Timestamp | undefined;
}

export interface ModelChange {
  readonly hostname: string;
  readonly status?: 1 | 2 | undefined;
  readonly metadata?: ReadonlyMap<string, string> | undefined;
}

interface Tombstone {
  /** Versions below this are refused. */
  readonly below: Timestamp;
  readonly until: number;
}

const DAY_MS = 86_400_000;
const TOMBSTONE_MS = 180_000;

/**
 * What the specification says of a registry's state, written with lists and loops, and nothing of how the registry
 * does it. Each method returns the code to expect.
 */
export class RegistryModel {
  readonly apps: ModelApp[] = [];
  /** When an instance was last heard of again, in milliseconds of the monotonic clock. */
  heardAt = -Infinity;
  private readonly tombstones = new Map<string, Tombstone>();

  constructor(private readonly clock: FakeClock) {}

  get size(): number {
    return this.apps.reduce((sum, { instances }) => sum + instances.length, 0);
  }

  all(): ModelInstance[] {
    return this.apps.flatMap((app) => app.instances);
  }

  app(id: AppId): ModelApp | undefined {
    return this.apps.find(({ id: { env, appid } }) => appid === id.appid && (isInfra(id) || env === id.env));
  }

  find(key: ModelKey): ModelInstance | undefined {
    return this.app(key)?.find(key);
  }

  /** The version that a peer may know of an instance: of its life, or of its end. */
  version(key: ModelKey): Timestamp | undefined {
    const found = this.find(key);
    if (found) return known(found.dirty);
    const tombstone = this.tombstones.get(keyText(key));
    return tombstone && tombstone.until > this.clock.monotonic() ? tombstone.below - 1n : undefined;
  }

  register({ key, content, replication, ...given }: ModelRegister): number {
    const stored = this.find(key);
    const before = stored && known(stored.dirty);
    if (replication && given.dirty !== undefined && this.isBuried(key, given.dirty)) return -404;
    if (before !== undefined && given.dirty !== undefined && given.dirty < before) {
      if (!replication && stored) this.heard(stored);
      return 0;
    }
    // A client's register is newer than what it replaces, be it the end of a former life.
    const earlier = before ?? this.version(key);
    this.tombstones.delete(keyText(key));
    const now = this.chosen();
    const instance: ModelInstance = {
      key,
      content,
      reg: given.reg ?? now,
      up: upAfter(stored, content, given.reg ?? now),
      dirty: given.dirty ?? (earlier === undefined ? now : this.chosen(earlier)),
      latest: given.latest ?? now,
      renewedAt: this.clock.monotonic(),
      joinedAt: stored?.joinedAt ?? this.clock.monotonic(),
    };
    this.put(instance, stored);
    return 0;
  }

  renew(key: ModelKey, replicatedVersion?: Timestamp): number {
    const stored = this.find(key);
    if (!stored) return -404;
    this.heard(stored);
    const dirty = known(stored.dirty) as Timestamp;
    if (replicatedVersion === undefined || replicatedVersion === dirty) return 0;
    return dirty < replicatedVersion ? -404 : -409;
  }

  /** @param at of a replicated cancel; 0 is now. */
  cancel(key: ModelKey, at?: Timestamp): number {
    const stored = this.find(key);
    const before = stored && known(stored.dirty);
    if (at !== undefined && at !== 0n && before !== undefined && at < before) return 0;
    if (stored) this.remove(stored, at || this.chosen(before));
    if (stored || at !== undefined) this.bury(key, at || undefined, before);
    return stored ? 0 : -404;
  }

  set(id: AppId, zone: string, changes: readonly ModelChange[], at?: Timestamp): number {
    const app = this.app(id);
    const found = changes.map((change) => ({
      change,
      stored: app?.find({ zone, hostname: change.hostname }),
    }));
    if (!app || found.some(({ stored }) => !stored)) return -404;
    let latest: Stamp | undefined;
    for (const { change, stored } of found as { change: ModelChange; stored: ModelInstance }[]) {
      const before = known(stored.dirty);
      if (at !== undefined && before !== undefined && at < before) continue;
      const stamp = at ?? this.chosen(before);
      if (change.status === STATUS_UP && stored.content.status !== STATUS_UP) stored.up = stamp;
      stored.content = {
        ...stored.content,
        status: change.status ?? stored.content.status,
        metadata: metadataOf([...stored.content.metadata, ...(change.metadata ?? [])]),
      };
      stored.dirty = stored.latest = stamp;
      latest = stamp;
    }
    // Of several stamps that the registry chooses, the app has the latest: which, is not said.
    if (latest !== undefined) this.changed(app, at ?? (found.length === 1 ? latest : this.chosen()));
    return 0;
  }

  schedule(id: AppId, scheduler: ModelApp["scheduler"]): void {
    const app = scheduler ? this.open(id) : this.app(id);
    if (!app) return;
    app.scheduler = scheduler;
    this.changed(app, this.chosen());
  }

  /** Takes the node's own registration as it is. */
  replaceSelf(self: Instance): void {
    const { regTimestamp: reg, upTimestamp: up, dirtyTimestamp: dirty, latestTimestamp: latest } = self;
    const { env, appid, zone, hostname } = self;
    const now = this.clock.monotonic();
    const app = this.open(self);
    const stored = app.find(self);
    if (stored) app.instances.splice(app.instances.indexOf(stored), 1);
    const key = { env, appid, zone, hostname };
    app.instances.push({ key, content: self, reg, up, dirty, latest, renewedAt: now, joinedAt: now });
    app.emptySince = undefined;
    app.forgive();
  }

  evict(instance: ModelInstance): void {
    this.remove(instance, this.chosen());
  }

  open(id: AppId): ModelApp {
    const known = this.app(id);
    if (known) return known;
    const app = new ModelApp({ env: id.env, appid: id.appid }, this.clock.monotonic());
    this.apps.push(app);
    return app;
  }

  private put(instance: ModelInstance, stored: ModelInstance | undefined): void {
    const app = this.open(instance.key);
    const seen = !stored || !looksEqual(stored, instance);
    if (!seen) instance.latest = stored.latest;
    if (stored) {
      app.instances.splice(app.instances.indexOf(stored), 1, instance);
      this.heardAt = this.clock.monotonic();
    } else app.instances.push(instance);
    app.emptySince = undefined;
    if (seen) this.changed(app, instance.latest);
  }

  private remove(instance: ModelInstance, at: Stamp): void {
    const app = this.open(instance.key);
    app.instances.splice(app.instances.indexOf(instance), 1);
    if (app.instances.length === 0) app.emptySince = this.clock.monotonic();
    this.changed(app, at);
  }

  private changed(app: ModelApp, at: Stamp): void {
    app.changed(at, timestampFromMs(this.clock.now() + DAY_MS));
  }

  private heard(stored: ModelInstance): void {
    this.heardAt = stored.renewedAt = this.clock.monotonic();
  }

  private bury(key: ModelKey, at: Timestamp | undefined, before: Timestamp | undefined): void {
    // A cancel without a moment of its own is later than what it ends, and than all that was before.
    const below = at ?? (before ?? timestampFromMs(this.clock.now()) - 1n) + 1n;
    const known = this.version(key);
    const most = known !== undefined && known >= below ? known + 1n : below;
    this.tombstones.set(keyText(key), { below: most, until: this.clock.monotonic() + TOMBSTONE_MS });
  }

  private isBuried(key: ModelKey, version: Timestamp): boolean {
    const tombstone = this.tombstones.get(keyText(key));
    return tombstone !== undefined && tombstone.until > this.clock.monotonic() && version < tombstone.below;
  }

  /** A stamp that the registry issues now. */
  private chosen(after = 0n): Chosen {
    return new Chosen([after]);
  }
}

function upAfter(stored: ModelInstance | undefined, content: Content, now: Stamp): Stamp {
  const staysUp = stored?.content.status === STATUS_UP || content.status !== STATUS_UP;
  return stored && staysUp ? stored.up : now;
}

function looksEqual(a: ModelInstance, b: ModelInstance): boolean {
  const [x, y] = [a.content, b.content].map((content) =>
    JSON.stringify({ ...content, metadata: [...content.metadata] }),
  );
  return x === y;
}

export function keyText({ env, appid, zone, hostname }: ModelKey): string {
  return JSON.stringify([isInfra({ env, appid }) ? "*" : env, appid, zone, hostname]);
}
