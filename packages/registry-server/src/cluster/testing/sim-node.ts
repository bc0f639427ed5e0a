import type { Instance, Timestamp } from "@discoveryd/protocol";
import { pino } from "pino";
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
export class SimNode {
  readonly addr: string;
  readonly zone: string;
  registry!: Registry;
  cluster!: Cluster;
  isUp = false;
  /** What was seen to break a rule of this node. */
  readonly violations: string[] = [];
  private life = 0;

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

  /** What it holds, as `fetch/all` shows it. */
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
