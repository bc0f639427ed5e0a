import { systemClock, type Clock } from "@discoveryd/runtime";
import type {
  BuildOptions,
  Builder,
  Instance,
  InstancesInfo,
  Resolver,
  ResolverStatus,
} from "@discoveryd/naming-sdk";

export interface MemoryNamingOptions {
  /** Default `memory`. */
  readonly scheme?: string;
  readonly clock?: Clock;
}

/**
 * A naming back end that is told what it knows. Build options are noted and not applied.
 *
 * Each app starts without an answer, as with a registry that has not been asked yet: `set` gives the first one.
 */
export class MemoryNaming implements Builder {
  readonly scheme: string;
  /** All resolvers ever built, the last one last. */
  readonly built: MemoryResolver[] = [];
  private readonly clock: Clock;
  private readonly apps = new Map<string, InstancesInfo>();

  constructor({ scheme = "memory", clock = systemClock }: MemoryNamingOptions = {}) {
    this.scheme = scheme;
    this.clock = clock;
  }

  build(appid: string, options: BuildOptions = {}): MemoryResolver {
    const resolver = new MemoryResolver(appid, options, this.clock);
    const info = this.apps.get(appid);
    if (info !== undefined) resolver.show(info);
    this.built.push(resolver);
    return resolver;
  }

  /** Shows these instances to whoever watches the app, now and later. */
  set(appid: string, instances: readonly Instance[]): void {
    const info = instancesInfo(instances);
    this.apps.set(appid, info);
    for (const resolver of this.open(appid)) resolver.show(info);
  }

  /** Resolvers built from now on get no answer for the app. */
  forget(appid: string): void {
    this.apps.delete(appid);
  }

  /** What the resolvers of an app say of their back end while it stays silent. */
  setStatus(appid: string, status: ResolverStatus): void {
    for (const resolver of this.open(appid)) resolver.silence = status;
  }

  private open(appid: string): MemoryResolver[] {
    return this.built.filter((one) => one.appid === appid && !one.closed);
  }
}

export class MemoryResolver implements Resolver {
  closed = false;
  /** How often it was asked to look again. */
  refreshed = 0;
  silence: ResolverStatus = { kind: "waiting" };
  private info: InstancesInfo | undefined;
  private readonly listeners = new Set<(info: InstancesInfo) => void>();

  constructor(
    readonly appid: string,
    readonly options: BuildOptions,
    private readonly clock: Clock,
  ) {}

  fetch(): InstancesInfo | undefined {
    return this.info;
  }

  ready(): Promise<InstancesInfo> {
    return new Promise((resolve) => {
      const stop = this.onChange((info) => {
        stop();
        resolve(info);
      });
    });
  }

  async *watch(): AsyncIterable<InstancesInfo> {
    if (!this.closed) yield await this.ready();
  }

  onChange(listener: (info: InstancesInfo) => void): () => void {
    this.listeners.add(listener);
    const { info } = this;
    const cancel =
      info === undefined ? () => undefined : this.clock.after(0, () => listener(this.info ?? info));
    return () => {
      cancel();
      this.listeners.delete(listener);
    };
  }

  status(): ResolverStatus {
    if (this.info === undefined) return this.silence;
    return this.info.instances.size === 0 ? { kind: "missing" } : { kind: "found" };
  }

  describe(): string {
    return `app ${this.appid} in zone ${String(this.options.scheduleNode)} of env test, asked memory://`;
  }

  refresh(): void {
    this.refreshed++;
  }

  close(): void {
    this.closed = true;
    this.listeners.clear();
  }

  show(info: InstancesInfo): void {
    this.info = info;
    for (const listener of [...this.listeners]) listener(info);
  }
}

function instancesInfo(instances: readonly Instance[]): InstancesInfo {
  const zones = new Map<string, Instance[]>();
  for (const instance of instances) zones.set(instance.zone, [...(zones.get(instance.zone) ?? []), instance]);
  return { instances: zones, lastTs: 1n };
}

/** An instance that listens at `host:port`, with fields over the usual ones. */
export function instanceAt(address: string, fields: Partial<Instance> = {}): Instance {
  return {
    region: "region01",
    zone: "zone01",
    env: "test",
    appid: "demo.service",
    hostname: `host-${address}`,
    addrs: [`grpc://${address}`],
    version: "1",
    metadata: new Map(),
    status: 1,
    lastTs: 1n,
    ...fields,
  };
}
