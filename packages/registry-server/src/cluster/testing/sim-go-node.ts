import {
  decodeInstance,
  encodeInstance,
  metadataOf,
  parseWithTimestamps,
  routes,
  timestampFromMs,
  INFRA_APPID,
  STATUS_UP,
  type Instance,
  type InstanceKey,
  type Metadata,
  type Status,
  type Timestamp,
} from "@discoveryd/protocol";
import { repeat, shuffle, type Clock } from "@discoveryd/runtime";
import { goRequests } from "../go-form";
import { keyText, type Operation } from "../operation";
import type { Registration, SimMember } from "./sim-member";
import type { SimWire } from "./sim-wire";
import type { World } from "./world";

export interface SimGoNodeOptions {
  readonly world: World;
  readonly wire: SimWire;
  readonly name: string;
  readonly zone: string;
  /** Address to zone of all nodes, this one among them. */
  readonly members: ReadonlyMap<string, string>;
  readonly skewMs: number;
}

const LEASE_MS = 90_000;

/** An answer of the original. */
interface Reply {
  readonly code: number;
  readonly data?: Instance;
}

/**
 * A simple model of the original: takes single operations, passes its own clients' on once, and compares nothing but the
 * versions of renewals. Keeps no tombstones. It knows its peers from its configuration alone.
 */
export class SimGoNode implements SimMember {
  readonly addr: string;
  readonly zone: string;
  readonly violations: readonly string[] = [];
  isUp = false;
  private held = new Map<string, Instance>();
  private clock: Clock;
  life = 0;

  constructor(private readonly options: SimGoNodeOptions) {
    this.addr = options.name;
    this.zone = options.zone;
    this.clock = options.world.clock(options.skewMs, () => true);
    options.wire.attach(this);
  }

  async start(): Promise<void> {
    const { world, skewMs, members, wire } = this.options;
    const life = ++this.life;
    const isOver = () => this.life !== life || !this.isUp;
    this.clock = world.clock(skewMs, isOver);
    this.isUp = true;
    this.held = new Map();
    for (const addr of members.keys()) {
      if (addr === this.addr) continue;
      const text = await wire.fetchAll(this.addr, addr).catch(() => "[]");
      if (isOver()) return;
      for (const instance of (parseWithTimestamps(text) as unknown[]).map(decodeInstance))
        this.store(instance);
    }
    this.registerSelf();
    repeat(this.clock, 30_000, () => {
      if (!this.renew(this.self())) this.registerSelf();
    });
    repeat(this.clock, 60_000, () => this.evict());
  }

  crash(): void {
    this.isUp = false;
  }

  register(registration: Registration): void {
    const now = this.now();
    const instance = { ...registration, regTimestamp: now, upTimestamp: now, renewTimestamp: now };
    this.store({ ...instance, dirtyTimestamp: now, latestTimestamp: now });
    this.tell({ kind: "put", instance: this.find(registration) as Instance, silentMs: 0 });
  }

  renew(key: InstanceKey): boolean {
    const instance = this.touch(key);
    if (instance) this.tellRenewal(key, instance);
    return instance !== undefined;
  }

  cancel(key: InstanceKey): boolean {
    const isKnown = this.held.delete(keyText(key));
    if (isKnown) this.tell({ kind: "cancel", key, region: "r", at: 0n });
    return isKnown;
  }

  set(key: InstanceKey, status: Status, metadata: Metadata): void {
    const at = this.now();
    this.change(key, { status, metadata }, at);
    const instance = this.find(key);
    const change = { hostname: key.hostname, status, metadata };
    if (instance) this.tell({ kind: "put", instance, silentMs: 0, set: { change, at, group: {} } });
  }

  find(key: InstanceKey): Instance | undefined {
    return this.held.get(keyText(key));
  }

  instances(): Instance[] {
    return [...this.held.values()];
  }

  cancelledAt(): undefined {
    return undefined;
  }

  onChange(): void {
    // It makes no promises that could be watched.
  }

  /** Answers a peer; undefined for a route of ours. */
  serve(path: string, form: string): string | undefined {
    if (path === routes.fetchAll.path) return `[${this.instances().map(encodeInstance).join(",")}]`;
    if (![routes.register, routes.renew, routes.cancel, routes.set].some((r) => r.path === path))
      return undefined;
    const { code, data } = this.answer(path, new URLSearchParams(form));
    return `{"code":${code},"message":"${code}"${data ? `,"data":${encodeInstance(data)}` : ""}}`;
  }

  private answer(path: string, params: URLSearchParams): Reply {
    const text = (name: string) => params.get(name) ?? "";
    const key = { env: text("env"), appid: text("appid"), zone: text("zone"), hostname: text("hostname") };
    const isPassedOn = text("replication") === "true";
    if (path === "/discovery/register") return this.takeRegister(params, key, isPassedOn);
    if (path === "/discovery/renew") return this.takeRenew(key, BigInt(text("dirty_timestamp")), isPassedOn);
    if (path === "/discovery/cancel") {
      if (!this.held.delete(keyText(key))) return { code: -404 };
      if (!isPassedOn) this.tell({ kind: "cancel", key, region: "r", at: 0n }, false);
      return { code: 0 };
    }
    const metadata = params.has("metadata") ? metadataFrom(text("metadata")) : undefined;
    const status = params.has("status") ? (Number(text("status")) as Status) : undefined;
    const at = BigInt(text("set_timestamp"));
    if (!this.change(key, { status, metadata }, at)) return { code: -400 };
    const instance = this.find(key) as Instance;
    const change = { hostname: key.hostname, status, metadata };
    if (!isPassedOn) this.tell({ kind: "put", instance, silentMs: 0, set: { change, at, group: {} } }, false);
    return { code: 0 };
  }

  private takeRegister(params: URLSearchParams, key: InstanceKey, isPassedOn: boolean): Reply {
    const now = this.now();
    this.store({
      ...key,
      region: params.get("region") ?? "",
      addrs: params.getAll("addrs"),
      version: params.get("version") ?? "",
      metadata: metadataFrom(params.get("metadata") ?? "{}"),
      status: Number(params.get("status")) as Status,
      regTimestamp: now,
      upTimestamp: now,
      renewTimestamp: now,
      dirtyTimestamp: BigInt(params.get("dirty_timestamp") ?? 0) || now,
      latestTimestamp: now,
    });
    if (!isPassedOn) this.tell({ kind: "put", instance: this.find(key) as Instance, silentMs: 0 }, false);
    return { code: 0 };
  }

  private takeRenew(key: InstanceKey, dirty: Timestamp, isPassedOn: boolean): Reply {
    const instance = this.touch(key);
    if (!instance) return { code: -404 };
    if (!isPassedOn) this.tellRenewal(key, instance, key.zone === this.zone);
    else if (dirty > instance.dirtyTimestamp) return { code: -404, data: instance };
    else if (dirty < instance.dirtyTimestamp) return { code: -409, data: instance };
    return { code: 0, data: instance };
  }

  /** Once, and whoever does not hear it does not. */
  private tell(operation: Operation, isToZones = true): void {
    for (const { addr, replication } of this.audience(isToZones)) {
      for (const { path, form } of goRequests([operation], replication)) {
        void this.ask(addr, path, form).catch(() => undefined);
      }
    }
  }

  private tellRenewal(key: InstanceKey, instance: Instance, isToZones = true): void {
    const renewal: Operation = {
      kind: "renew",
      key,
      region: "r",
      dirty: instance.dirtyTimestamp,
      silentMs: 0,
    };
    for (const { addr, replication } of this.audience(isToZones)) {
      for (const { path, form } of goRequests([renewal], replication)) {
        void this.ask(addr, path, form).then(
          ({ code, data }) => this.repair({ code, ...(data && { data }) }, instance, addr, replication),
          () => undefined,
        );
      }
    }
  }

  private repair({ code, data }: Reply, instance: Instance, addr: string, replication: boolean): void {
    if (code === -409 && data) this.store({ ...data, renewTimestamp: this.now() });
    if (code !== -404) return;
    for (const { path, form } of goRequests([{ kind: "put", instance, silentMs: 0 }], replication)) {
      void this.ask(addr, path, form).catch(() => undefined);
    }
  }

  private async ask(addr: string, path: string, form: string): Promise<Reply> {
    const { life } = this;
    const reply = parseWithTimestamps((await this.options.wire.post(this.addr, addr, path, form)) ?? "");
    if (this.life !== life || !this.isUp) throw new Error("it has ended meanwhile");
    const { code, data } = reply as { code: number; data?: unknown };
    return { code, ...(code === -409 && { data: decodeInstance(data) }) };
  }

  /** All of the own zone, and one of each other. */
  private audience(isToZones: boolean): { addr: string; replication: boolean }[] {
    const { members, world } = this.options;
    const others = [...members].filter(([addr]) => addr !== this.addr);
    const own = others
      .filter(([, zone]) => zone === this.zone)
      .map(([addr]) => ({ addr, replication: true }));
    if (!isToZones) return own;
    const zones = new Map(shuffle(others, world.random).map(([addr, zone]) => [zone, addr]));
    zones.delete(this.zone);
    return [...own, ...[...zones.values()].map((addr) => ({ addr, replication: false }))];
  }

  private store(instance: Instance): void {
    const before = this.find(instance);
    if (before && instance.dirtyTimestamp < before.dirtyTimestamp) return;
    this.held.set(keyText(instance), {
      ...instance,
      upTimestamp: before?.upTimestamp ?? instance.upTimestamp,
    });
  }

  private touch(key: InstanceKey): Instance | undefined {
    const before = this.find(key);
    if (!before) return undefined;
    const instance = { ...before, renewTimestamp: this.now() };
    this.held.set(keyText(key), instance);
    return instance;
  }

  private change(
    key: InstanceKey,
    { status, metadata }: { status?: Status | undefined; metadata?: Metadata | undefined },
    at: Timestamp,
  ): boolean {
    const before = this.find(key);
    if (!before) return false;
    this.held.set(keyText(key), {
      ...before,
      status: status ?? before.status,
      metadata: metadataOf([...before.metadata, ...(metadata ?? [])]),
      dirtyTimestamp: at,
      latestTimestamp: at,
    });
    return true;
  }

  private evict(): void {
    const limit = this.now() - timestampFromMs(LEASE_MS);
    const expired = this.instances().filter(({ renewTimestamp }) => renewTimestamp < limit);
    const most = this.held.size - Math.floor(this.held.size * 0.85);
    for (const instance of shuffle(expired, this.options.world.random).slice(0, most)) {
      this.held.delete(keyText(instance));
    }
  }

  private self(): Registration {
    const { name, zone } = this.options;
    return {
      ...{ env: "dev", appid: INFRA_APPID, zone, hostname: name, region: "r" },
      addrs: [`http://${name}`],
      version: "",
      metadata: new Map(),
      status: STATUS_UP,
    };
  }

  private registerSelf(): void {
    this.register(this.self());
  }

  /** To the nanosecond, as the original's. */
  private now(): Timestamp {
    return timestampFromMs(this.clock.now()) + BigInt(Math.floor(this.options.world.random() * 1_000_000));
  }
}

function metadataFrom(text: string): Metadata {
  return metadataOf(Object.entries(JSON.parse(text) as Record<string, string>));
}
