import {
  INFRA_APPID,
  encodeScheduler,
  type Instance,
  type Scheduler,
  type Timestamp,
} from "@discoveryd/protocol";
import { appTimestamp, known, type Stamp } from "./stamp";

/** What of an instance its app's consumers see, and nodes compare. */
export interface ModelInstance {
  readonly key: ModelKey;
  /** Region, addresses, version, metadata, status and key: equal texts are equal instances to a consumer. */
  content: Content;
  reg: Stamp;
  up: Stamp;
  dirty: Stamp;
  latest: Stamp;
  /** When it was last heard of, in milliseconds of the monotonic clock. */
  renewedAt: number;
  readonly joinedAt: number;
}

export type ModelKey = Pick<Instance, "env" | "appid" | "zone" | "hostname">;

export type Content = Pick<Instance, "region" | "addrs" | "version" | "metadata" | "status">;

/** What pollers can be told: instances up, by zone, as text. */
interface Shown {
  readonly zones: ReadonlyMap<string, readonly string[]>;
  readonly scheduler: string;
}

/** An app id in an env: its instances, the states it went through, and its timestamp. */
export class ModelApp {
  readonly instances: ModelInstance[] = [];
  /** As last seen, on the wire. 0 before. */
  latest: Timestamp = 0n;
  scheduler: Scheduler | undefined;
  /** What it showed since it was last looked at, the newest last. */
  shown: Shown[] = [{ zones: new Map(), scheduler: "" }];
  /** Its changes since it was last looked at. Undefined: the registry chooses, because the change is far ahead. */
  private changes: (Stamp | undefined)[] | "any" = [];

  constructor(
    readonly id: AppId,
    /** Since when it has no instance, in milliseconds of the monotonic clock; undefined while it has one. */
    public emptySince: number | undefined,
  ) {}

  find({ zone, hostname }: Pick<ModelKey, "zone" | "hostname">): ModelInstance | undefined {
    return this.instances.find(({ key }) => key.zone === zone && key.hostname === hostname);
  }

  /** A change that consumers see. @param aheadOf what is later than this does not count. */
  changed(at: Stamp, aheadOf: Timestamp): void {
    const value = known(at);
    if (this.changes !== "any") this.changes.push(value !== undefined && value > aheadOf ? undefined : at);
    this.shown.push(this.show(1));
  }

  /** Whatever its timestamp is when it is next looked at, it is right: nobody knows how often it has changed. */
  forgive(): void {
    this.changes = "any";
    this.shown.push(this.show(1));
  }

  /** Looks at the timestamp that the registry shows. Returns what is wrong with it. */
  observe(timestamp: Timestamp): string | undefined {
    let expected = this.latest;
    let exact = this.changes !== "any";
    for (const at of this.changes === "any" ? [] : this.changes) {
      const value = at === undefined ? undefined : known(at);
      if (value === undefined) exact = false;
      expected = appTimestamp(expected, value ?? 0n);
    }
    const grown = exact ? timestamp === expected : timestamp >= expected;
    this.latest = timestamp;
    this.changes = [];
    if (timestamp <= 0n || timestamp % 1_000n !== 0n)
      return `timestamp ${timestamp} is not on the grid above 0`;
    if (!grown) return `timestamp ${timestamp}, not ${exact ? "" : "at least "}${expected}`;
    return undefined;
  }

  /** Whether a poller would see an instance. */
  shows(zone: string | undefined): boolean {
    return this.instances.some(
      ({ key, content }) => content.status === 1 && (zone === undefined || key.zone === zone),
    );
  }

  /** What it shows of these states. */
  show(status: number): Shown {
    const zones = new Map<string, string[]>();
    for (const { key, content } of [...this.instances].sort(byHostname)) {
      const list = zones.get(key.zone) ?? [];
      zones.set(key.zone, list);
      if (content.status & status) list.push(contentText({ ...key, ...content }));
    }
    return { zones, scheduler: this.scheduler ? encodeScheduler(this.scheduler) : "" };
  }
}

/** An app's identity. The registry's own nodes are one app in all envs. */
export interface AppId {
  readonly env: string;
  readonly appid: string;
}

export function isInfra({ appid }: AppId): boolean {
  return appid === INFRA_APPID;
}

function byHostname(a: ModelInstance, b: ModelInstance): number {
  return a.key.hostname < b.key.hostname ? -1 : 1;
}

/** The zone of which a poller is shown this state: all, where the poller's own has no node of the registry. */
export function zoneShown(id: AppId, { zones }: Shown, zone: string | undefined): string | undefined {
  return zone !== undefined && isInfra(id) && !zones.get(zone)?.length ? undefined : zone;
}

/** All that a consumer sees of an instance, but its timestamps. */
export function contentText(instance: ModelKey & Content): string {
  const { region, zone, env, appid, hostname, addrs, version, metadata, status } = instance;
  return JSON.stringify([region, zone, env, appid, hostname, addrs, version, [...metadata].sort(), status]);
}

/** Whether this is what the app showed in a state, to a poller of this zone. */
export function isShown(
  { zones, scheduler }: Shown,
  zone: string | undefined,
  seen: ReadonlyMap<string, readonly Instance[]>,
  seenScheduler: Scheduler | undefined,
): boolean {
  const expected = [...zones].filter(([name]) => zone === undefined || name === zone).sort();
  const actual = [...seen].map(([name, list]) => [name, list.map((i) => contentText(i))] as const).sort();
  return (
    JSON.stringify(expected) === JSON.stringify(actual) &&
    scheduler === (seenScheduler ? encodeScheduler(seenScheduler) : "")
  );
}
