import { INFRA_APPID } from "@discoveryd/protocol";
import { Lifecycle, holdProcess, repeat, silentLogger, systemClock, systemRandom } from "@discoveryd/runtime";
import type { Clock, Logger, Random } from "@discoveryd/runtime";
import { originOf, resolveConfig, type DiscoveryConfig, type ResolvedConfig } from "./config";
import { RegistryApi } from "./http/registry-api";
import { Transport } from "./http/transport";
import type {
  BuildOptions,
  Builder,
  InstanceInput,
  InstancesInfo,
  Registration,
  Registry,
  Resolver,
} from "./naming";
import { NodeList } from "./nodes/node-list";
import { Registrar } from "./registration/registrar";
import { checkBuildOptions, select, type SelectContext } from "./select/select";
import { closeOnSignals } from "./signals";
import { AppStore } from "./watch/app-store";
import { LiveResolver } from "./watch/live-resolver";
import { SnapshotFile } from "./watch/snapshot-file";
import { Watcher, type Watch } from "./watch/watcher";

export interface DiscoveryOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  /** Where events go; pino's loggers fit. Default: nowhere. */
  readonly logger?: Logger;
  /**
   * How long nodes that work must not know an app before its last instances are given up, in milliseconds. Default
   * 120,000, a lease and a heartbeat; Infinity keeps them until a node says that all left.
   */
  readonly forgetAfterMs?: number;
  /**
   * How long instances may take, after an outage, to register again before they are given up, in milliseconds.
   * Default 35,000, a heartbeat and a register; 0 takes what the registry says at once.
   */
  readonly rejoinMs?: number;
}

/** How often a client moves to the next node, in milliseconds, so that load spreads again after nodes came or went. */
const ADVANCE_MS = 30 * 60_000;

/**
 * A client of the registry: registers this process' instances, and watches apps (scheme `discovery`). It opens no
 * connection before the first `register` or `build`; from then until `close` it keeps the process alive.
 *
 * Throws an Error when the configuration names no nodes.
 */
export class Discovery implements Registry, Builder, AsyncDisposable {
  readonly scheme = "discovery";
  /** The configuration in use. */
  readonly config: ResolvedConfig;
  private readonly clock: Clock;
  private readonly lifecycle = new Lifecycle();
  private readonly nodes: NodeList;
  private readonly watcher: Watcher;
  private readonly registrar: Registrar;
  private readonly resolvers = new Set<Resolver>();
  /** Lets the process end. */
  private release: () => void = () => undefined;
  private isStarted = false;

  constructor(config?: DiscoveryConfig, options: DiscoveryOptions = {}) {
    this.config = resolveConfig(config);
    const { nodes: seeds, env, host, region, zone, snapshotFile, renewIntervalMs, processId } = this.config;
    const { clock = systemClock, random = systemRandom, logger = silentLogger } = options;
    this.clock = clock;
    this.lifecycle.onClose(() => this.release());
    const transport = this.lifecycle.own(new Transport({ clock }));
    const api = new RegistryApi({ transport, hostname: host });
    this.nodes = new NodeList({ seeds, random });
    const shared = { api, nodes: this.nodes, clock, random, logger };
    const snapshot = snapshotFile && new SnapshotFile({ path: snapshotFile, env, processId, clock, logger });
    if (snapshot) this.lifecycle.own(snapshot);
    const store = new AppStore(options);
    const onRecovered = (putOffMs: number) => this.registrar.hurry(putOffMs);
    this.watcher = this.lifecycle.own(
      new Watcher({ ...shared, store, env, onRecovered, ...(snapshot && { snapshot }) }),
    );
    this.lifecycle.onClose(() => this.closeResolvers());
    this.registrar = this.lifecycle.own(
      new Registrar({ ...shared, renewIntervalMs, defaults: { region, zone, env, hostname: host } }),
    );
  }

  async register(
    instance: InstanceInput,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Registration> {
    this.start(`register ${instance.appid}`);
    return this.registrar.register(instance, options);
  }

  build(appid: string, options: BuildOptions = {}): Resolver {
    if (appid === "") throw new Error("build: appid is empty");
    checkBuildOptions(options);
    this.start(`build ${appid}`);
    const watch = this.watcher.watch(appid);
    const resolver = new LiveResolver({
      describe: () => this.describe(appid),
      select: (info) => select(info, options, this.selectContext()),
      required: options.required ?? false,
      unreachable: () => this.unreachable(watch),
      refresh: () => watch.refresh(),
      onClose: () => {
        stop();
        watch.close();
        this.resolvers.delete(resolver);
      },
    });
    const stop = watch.app.changes.on((info) => resolver.accept(info));
    if (watch.app.info) resolver.accept(watch.app.info);
    this.resolvers.add(resolver);
    return resolver;
  }

  /** Cancels all registrations, closes all resolvers and every connection. Resolves within about 3 s. Safe to call twice. */
  close(): Promise<void> {
    return this.lifecycle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private start(what: string): void {
    if (this.lifecycle.closed) throw new Error(`${what}: the client is closed`);
    if (this.isStarted) return;
    this.isStarted = true;
    this.release = holdProcess();
    this.lifecycle.onClose(repeat(this.clock, ADVANCE_MS, () => this.nodes.advance()));
    if (this.config.cancelOnSignals) this.lifecycle.onClose(closeOnSignals(() => this.close()));
    const infra = this.watcher.watch(INFRA_APPID);
    this.lifecycle.onClose(
      infra.app.changes.on((info) => this.nodes.update(originsOf(info, this.config.zone))),
    );
  }

  private closeResolvers(): void {
    for (const resolver of this.resolvers) resolver.close();
  }

  private unreachable({ app }: Watch): { nodes: readonly string[]; cause: unknown } | undefined {
    const { failure, isExhausted, all } = this.nodes;
    return failure && (isExhausted || app.info === undefined)
      ? { nodes: all, cause: failure.cause }
      : undefined;
  }

  private describe(appid: string): string {
    const { env, zone } = this.config;
    return `app ${appid} in env ${env}, zone ${zone}, at ${this.nodes.all.join(", ")}`;
  }

  private selectContext(): SelectContext {
    return { zone: this.config.zone, clientId: `${this.config.host}-${this.config.processId}` };
  }
}

/** Where the registry's nodes of a zone listen. */
function originsOf({ instances }: InstancesInfo, zone: string): string[] {
  return (instances.get(zone) ?? []).flatMap(({ addrs }) => addrs.flatMap((addr) => originOf(addr) ?? []));
}
