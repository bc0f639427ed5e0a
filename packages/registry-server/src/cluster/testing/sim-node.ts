import {
  encodeInstance,
  metadataOf,
  parseWithTimestamps,
  routes,
  type Instance,
  type InstanceKey,
  type Metadata,
  type Status,
  type Timestamp,
} from "@discoveryd/protocol";
import { pino } from "pino";
import { decodeStates, encodeStates } from "../app-state";
import { decodeOperations, encodeOutcomes } from "../operation";
import { fromClient, type Origin } from "../peers";
import type { Registration, SimMember } from "./sim-member";
import { Registry } from "../../registry/registry";
import { Sweeper } from "../../registry/sweeper";
import { Cluster } from "../cluster";
import type { SimWire } from "./sim-wire";
import type { World } from "./world";

export interface SimNodeOptions {
  readonly world: World;
  readonly wire: SimWire;
  readonly name: string;
  readonly zone: string;
  /** Address to zone of all nodes, this one among them. */
  readonly members: ReadonlyMap<string, string>;
  /** How far the node's clock is off, in milliseconds. */
  readonly skewMs: number;
}

export const TTL_MS = 90_000;

/** One node of a simulated cluster; it can crash and start again. */
export class SimNode implements SimMember {
  readonly addr: string;
  readonly zone: string;
  registry!: Registry;
  cluster!: Cluster;
  isUp = false;
  /** What was seen to break a rule of this node. */
  readonly violations: string[] = [];
  life = 0;

  constructor(private readonly options: SimNodeOptions) {
    this.addr = options.name;
    this.zone = options.zone;
    options.wire.attach(this);
  }

  /** Starts with nothing, as after a crash, and syncs. */
  async start(): Promise<void> {
    const { world, wire, zone, members, skewMs, name } = this.options;
    const life = ++this.life;
    const clock = world.clock(skewMs, () => this.life !== life || !this.isUp);
    const logger = pino({ level: "silent" });
    this.isUp = true;
    const registry = (this.registry = new Registry({
      clock,
      guard: { threshold: 0.85, minInstances: 1_000, matureMs: TTL_MS },
    }));
    this.watchTimestamps(registry);
    const cluster = (this.cluster = new Cluster({
      registry,
      region: "r",
      zone,
      env: "dev",
      host: name,
      seeds: [...members].filter(([, z]) => z === zone).map(([addr]) => addr),
      zones: zonesOf(members, zone),
      protect: false,
      ttlMs: TTL_MS,
      connect: (addr, sameZone) => wire.link(name, addr, sameZone),
      logger,
      clock,
      random: world.random,
    }));
    await cluster.sync(name);
    if (this.life !== life || !this.isUp) return;
    cluster.join(name);
    const isSelf = (stored: { instance: Instance }) => stored.instance.hostname === name;
    const policy = { ttlMs: TTL_MS, ceilingMs: 3_600_000, keepShare: 0 };
    const isAwaited = () => false;
    new Sweeper({ registry, policy, isSelf, isAwaited, logger, clock, random: world.random }).start();
  }

  /** Ends at once, and forgets everything. */
  crash(): void {
    this.isUp = false;
  }

  register(registration: Registration): void {
    void this.cluster.registry.register(registration, fromClient);
  }

  renew(key: InstanceKey): boolean {
    return this.cluster.registry.renew(key, fromClient).kind !== "missing";
  }

  cancel(key: InstanceKey): boolean {
    return this.cluster.registry.cancel(key, fromClient).result.kind === "cancelled";
  }

  set(key: InstanceKey, status: Status, metadata: Metadata): void {
    const changes = [{ hostname: key.hostname, status, metadata }];
    this.cluster.registry.set({ ...key, changes }, fromClient);
  }

  find(key: InstanceKey): Instance | undefined {
    return this.registry.find(key)?.instance;
  }

  cancelledAt(key: InstanceKey): Timestamp | undefined {
    return this.registry.cancelledAt(key);
  }

  onChange(fn: (appid: string) => void): void {
    this.registry.changed.on(({ appid }) => fn(appid));
  }

  instances(): Instance[] {
    const found: Instance[] = [];
    for (const app of this.registry.apps.all()) {
      for (const zone of app.zones.values()) {
        for (const stored of zone.all()) {
          found.push({ ...stored.instance, renewTimestamp: stored.renewTimestamp });
        }
      }
    }
    return found;
  }

  /** Answers a peer, ours or the original's. */
  async serve(path: string, body: string): Promise<string | undefined> {
    const { registry, antiEntropy } = this.cluster;
    if (path === routes.fetchAll.path) return `[${this.instances().map(encodeInstance).join(",")}]`;
    if (path === routes.digests.path) {
      return JSON.stringify([...(await antiEntropy.differences(JSON.parse(body) as string[]))]);
    }
    if (path === routes.exchange.path) {
      return encodeStates(antiEntropy.merge(decodeStates(parseWithTimestamps(body))));
    }
    if (path.startsWith(routes.replicate.path)) {
      const origin = { replication: path.endsWith("=true"), fromZone: true };
      return encodeOutcomes(decodeOperations(body).map((operation) => registry.receive(operation, origin)));
    }
    return this.serveForm(path, new URLSearchParams(body));
  }

  /** Appid and host name to the version held. */
  versions(): Map<string, string> {
    const versions = new Map<string, string>();
    for (const app of this.registry.apps.all()) {
      for (const zone of app.zones.values()) {
        for (const stored of zone.all()) {
          versions.set(`${app.appid} ${stored.instance.zone} ${stored.instance.hostname}`, stored.version());
        }
      }
    }
    return versions;
  }

  /** A single operation of a node of the original. */
  private serveForm(path: string, params: URLSearchParams): string {
    const { registry } = this.cluster;
    const text = (name: string) => params.get(name) ?? "";
    const moment = (name: string) => BigInt(text(name)) || undefined;
    const key = { env: text("env"), appid: text("appid"), zone: text("zone"), hostname: text("hostname") };
    const origin: Origin = { replication: text("replication") === "true", fromZone: true };
    const status = params.has("status") ? (Number(text("status")) as Status) : undefined;
    const metadata = params.has("metadata") ? metadataFrom(text("metadata")) : undefined;
    if (path === routes.renew.path) {
      const renewed = registry.renew(key, origin, moment("dirty_timestamp"));
      if (renewed.kind === "missing") return '{"code":-404}';
      const code = { renewed: 0, behind: -404, conflict: -409 }[renewed.kind];
      return `{"code":${code},"data":${renewed.instance.encode()}}`;
    }
    if (path === routes.cancel.path) {
      const { result } = registry.cancel(key, origin, moment("latest_timestamp"));
      return `{"code":${result.kind === "missing" ? -404 : 0}}`;
    }
    if (path === routes.set.path) {
      const changes = [{ hostname: key.hostname, status, metadata }];
      const { result } = registry.set({ ...key, changes, timestamp: moment("set_timestamp") }, origin);
      return `{"code":${result === "set" ? 0 : -404}}`;
    }
    const { result } = registry.register(
      {
        ...key,
        region: text("region"),
        addrs: params.getAll("addrs"),
        version: text("version"),
        metadata: metadata ?? new Map(),
        status: status as Status,
        regTimestamp: moment("reg_timestamp"),
        dirtyTimestamp: moment("dirty_timestamp"),
        latestTimestamp: moment("latest_timestamp"),
      },
      origin,
    );
    return `{"code":${result.kind === "buried" ? -404 : 0}}`;
  }

  private watchTimestamps(registry: Registry): void {
    const seen = new Map<string, Timestamp>();
    registry.changed.on(({ appid, latestTimestamp }) => {
      const before = seen.get(appid) ?? 0n;
      if (latestTimestamp <= before || latestTimestamp % 1_000n !== 0n) {
        this.violations.push(`${this.addr}: ${appid} went from ${before} to ${latestTimestamp}`);
      }
      seen.set(appid, latestTimestamp);
    });
  }
}

function zonesOf(members: ReadonlyMap<string, string>, own: string): Map<string, string[]> {
  const zones = new Map<string, string[]>();
  for (const [addr, zone] of members) {
    if (zone !== own) zones.set(zone, [...(zones.get(zone) ?? []), addr]);
  }
  return zones;
}

function metadataFrom(text: string): Metadata {
  return metadataOf(Object.entries(JSON.parse(text) as Record<string, string>));
}
