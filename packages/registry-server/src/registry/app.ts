import {
  ceilToGrid,
  nextOnGrid,
  type InstanceKey,
  type Scheduler,
  type Timestamp,
} from "@discoveryd/protocol";
import type { StoredInstance } from "./stored-instance";
import { ViewCache, type EncodedInfo, type View } from "./views";
import { Zone } from "./zone";

type Place = Pick<InstanceKey, "zone" | "hostname">;

/** An app id in an env: its instances by zone, and the timestamp that pollers compare. */
export class App {
  /** A zone without an instance is absent. */
  readonly zones = new Map<string, Zone>();
  /** When its last instance went, in milliseconds of the monotonic clock; undefined while it has one. */
  emptySince: number | undefined;

  private latest: Timestamp = 0n;
  private readonly views = new ViewCache();
  private count = 0;
  private strategy: Scheduler | undefined;

  constructor(
    readonly env: string,
    readonly appid: string,
  ) {}

  /** On the microsecond grid; moves with every change a consumer sees; only ever grows. 0 before the first. */
  get latestTimestamp(): Timestamp {
    return this.latest;
  }

  /** How many instances it has, over all zones. */
  get size(): number {
    return this.count;
  }

  get scheduler(): Scheduler | undefined {
    return this.strategy;
  }

  set scheduler(scheduler: Scheduler | undefined) {
    this.strategy = scheduler;
  }

  find({ zone, hostname }: Place): StoredInstance | undefined {
    return this.zones.get(zone)?.find(hostname);
  }

  /** An instance of it, whichever. */
  any(): StoredInstance | undefined {
    for (const zone of this.zones.values()) return zone.all()[0];
    return undefined;
  }

  add(stored: StoredInstance): void {
    const name = stored.instance.zone;
    const zone = this.zones.get(name) ?? new Zone();
    this.zones.set(name, zone);
    zone.add(stored);
    this.count++;
    this.emptySince = undefined;
  }

  /** @param now milliseconds of the monotonic clock. */
  remove(place: Place, now: number): StoredInstance | undefined {
    const zone = this.zones.get(place.zone);
    const stored = zone?.remove(place.hostname);
    if (!zone || !stored) return undefined;
    if (zone.size === 0) this.zones.delete(place.zone);
    this.count--;
    if (this.count === 0) this.emptySince = now;
    return stored;
  }

  /**
   * A change that consumers see: what was encoded is out of date. The app's timestamp becomes that of the change
   * rounded up to the grid, or the next one after its own, whichever is later. So nodes that saw the same changes
   * in the same order show the same timestamp.
   */
  changed(at: Timestamp): void {
    const rounded = ceilToGrid(at);
    this.latest = rounded > this.latest ? rounded : nextOnGrid(this.latest);
    this.views.changed();
  }

  /** A heartbeat: what was encoded shows an older one. */
  renewed(): void {
    this.views.renewed();
  }

  /**
   * It as JSON, encoded once for all readers.
   *
   * @param now milliseconds of the monotonic clock.
   * @param maxAgeMs how old the heartbeats shown may be. Default 0: the reader sees the last one.
   */
  read(view: View, now: number, maxAgeMs = 0): EncodedInfo {
    return this.views.read(this, view, now, maxAgeMs);
  }

  /** Whether a view shows at least one instance. */
  shows(view: View): boolean {
    for (const [name, zone] of this.zones) {
      if (view.zone !== undefined && view.zone !== name) continue;
      for (const { instance } of zone.all()) if (instance.status & view.status) return true;
    }
    return false;
  }

  /** Whether it has an instance of any status, in this zone or (undefined) in any. */
  exists(zone: string | undefined): boolean {
    return zone === undefined ? this.count > 0 : this.zones.has(zone);
  }
}
