import { networkInterfaces } from "node:os";
import { Lifecycle, systemClock, type Clock } from "@discoveryd/runtime";
import { pino, type Logger } from "pino";
import { Cluster } from "./cluster/cluster";
import { PeerClient } from "./cluster/peer-client";
import { createAccessLog } from "./http/access-log";
import type { Call, Observe, ObserveUnserved } from "./http/call";
import { createDispatch } from "./http/dispatcher";
import { createApp } from "./http/express-app";
import { HeldPolls } from "./http/held-polls";
import { HttpServer } from "./http/http-server";
import { peerRoutes } from "./http/peer-routes";
import { pollRoutes } from "./http/poll-routes";
import { readRoutes } from "./http/read-routes";
import { renewsRoute } from "./http/renews-route";
import { writeRoutes } from "./http/write-routes";
import { createMetrics } from "./metrics/metrics";
import { RequestCounts, UNKNOWN_ROUTE } from "./metrics/requests";
import { Registry } from "./registry/registry";
import { Subscriptions } from "./registry/subscriptions";
import { Sweeper } from "./registry/sweeper";
import { envName, settings, type Config } from "./settings";
import { ScheduleFiles } from "./storage/schedule-files";

export interface ServerOptions {
  readonly config: Config;
  /** Silent by default. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** How long a change waits for others before pollers are told, in milliseconds. Default 3; 0 is at once. */
  readonly burstMs?: number;
  /**
   * Whether all requests take the way through Express, which has the registry's own routes, too. Default false: those are
   * served before it. Both ways do the same; this one is there to be compared.
   */
  readonly viaExpress?: boolean;
  /** A handler failed by a bug; its client was answered -500. Throws by default, which ends the process. */
  readonly onBug?: (error: unknown, call: Call) => void;
}

/** A shutdown takes at most this long, in milliseconds: what still hangs then is cut. */
const SHUTDOWN_MS = 1_500;

/** Long enough for the changes of a burst, shorter than anybody notices. */
const BURST_MS = 3;

/** One node of the registry. The composition root: it alone makes the parts, and closes them. */
export class RegistryServer {
  readonly registry: Registry;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly lifecycle = new Lifecycle();
  private readonly subscriptions: Subscriptions;
  private readonly held = new HeldPolls();
  private readonly http: HttpServer;
  private readonly sweeper: Sweeper;
  private readonly schedules: ScheduleFiles;
  private readonly cluster: Cluster;
  private boundPort: number | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: ServerOptions) {
    const { config, clock = systemClock, logger = pino({ level: "silent" }), burstMs = BURST_MS } = options;
    this.clock = clock;
    this.logger = logger;
    this.registry = new Registry({ clock, guard: guardPolicy(config) });
    this.subscriptions = new Subscriptions(clock, burstMs);
    this.registry.changed.on((app) => this.subscriptions.publish(app));
    this.cluster = this.createCluster();
    this.sweeper = new Sweeper({
      registry: this.registry,
      policy: {
        ttlMs: config.leaseTtlMs,
        ceilingMs: config.leaseCeilingMs,
        keepShare: config.leaseKeepShare,
      },
      isSelf: (stored) => this.cluster.self !== undefined && this.registry.find(this.cluster.self) === stored,
      isAwaited: (app) => this.subscriptions.isAwaited(app),
      logger,
      clock,
    });
    this.schedules = new ScheduleFiles({
      directory: config.schedulerDir,
      registry: this.registry,
      logger,
      clock,
    });
    this.http = this.createHttp();
  }

  /** The port it listens on; undefined before `start`. */
  get port(): number | undefined {
    return this.boundPort;
  }

  /** host:port under which clients reach this node; undefined before `start`. */
  get addr(): string | undefined {
    return this.boundPort === undefined ? undefined : advertised(this.options.config, this.boundPort);
  }

  /**
   * Resolves when it answers, having taken what its peers know, or when it was closed meanwhile. Rejects, in one line and
   * closed, when it cannot listen.
   */
  async start(): Promise<void> {
    try {
      await this.open();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  private async open(): Promise<void> {
    const { config } = this.options;
    await this.schedules.start();
    this.lifecycle.own(this.schedules);
    if (this.closing) return;
    await this.cluster.sync(advertised(config, splitAddress(config.addr).port));
    if (this.closing) return;
    const port = await this.listen();
    if (this.closing) return this.http.drain();
    this.boundPort = port;
    this.cluster.join(this.addr as string);
    this.sweeper.start();
    this.lifecycle.own(this.sweeper);
    this.logger.info({ addr: this.addr, zone: config.zone, env: config.deployEnv }, "discoveryd is up");
  }

  /**
   * Cancels itself, answers the polls that hang, finishes what was accepted, and closes. Takes at most 2 s.
   * Safe to call twice.
   */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const cancelCut = this.clock.after(SHUTDOWN_MS, () => {
      this.http.destroy();
      this.cluster.cut();
    });
    await this.cluster.leave();
    this.held.close();
    this.subscriptions.close();
    if (this.boundPort !== undefined) await this.http.drain();
    await this.cluster.close();
    cancelCut();
    await this.lifecycle.close();
  }

  private createCluster(): Cluster {
    const { config } = this.options;
    return new Cluster({
      registry: this.registry,
      region: config.region,
      zone: config.zone,
      env: config.deployEnv,
      host: config.host,
      seeds: config.nodes,
      zones: config.zones,
      protect: config.enableProtect,
      ttlMs: config.leaseTtlMs,
      connect: (addr, sameZone) =>
        new PeerClient({
          addr,
          sameZone,
          dialMs: config.dialMs,
          keepAliveMs: config.keepAliveMs,
          timeoutMs: config.clientTimeoutMs,
          clock: this.clock,
        }),
      logger: this.logger,
      clock: this.clock,
    });
  }

  private createHttp(): HttpServer {
    const { config } = this.options;
    const { registry, clock } = this;
    const requests = new RequestCounts();
    const connections = { open: () => this.http.open, refused: () => this.http.refused };
    const metrics = createMetrics({
      registry,
      subscriptions: this.subscriptions,
      requests,
      sweeper: this.sweeper,
      connections: {
        get open() {
          return connections.open();
        },
        get refused() {
          return connections.refused();
        },
      },
      schedules: this.schedules,
      peers: this.cluster.peers,
    });
    const accessLog = createAccessLog(this.logger, clock);
    const observe: Observe = (call, answer) => {
      requests.add(call.route.name, answer.code);
      accessLog.answered(call, answer);
    };
    const observeUnserved: ObserveUnserved = (unserved) => {
      requests.add(unserved.route?.name ?? UNKNOWN_ROUTE, unserved.status);
      accessLog.unserved(unserved);
    };
    const dispatch = createDispatch({
      endpoints: [
        ...writeRoutes(this.cluster.registry),
        renewsRoute({ registry: this.cluster.registry, limits: config }),
        ...readRoutes({
          registry,
          clock,
          limits: config,
          nodes: () => this.cluster.nodes(this.addr as string),
        }),
        ...pollRoutes({
          registry,
          subscriptions: this.subscriptions,
          held: this.held,
          clock,
          limits: config,
          timeoutMs: config.serverTimeoutMs,
        }),
        ...peerRoutes(this.cluster),
      ],
      limits: config,
      clock,
      protectedBy: () => this.cluster.bootstrap.refusal(),
      observe,
      observeUnserved,
      onBug: this.options.onBug ?? rethrow,
    });
    const notReady = () => (this.closing ? "shutting down" : this.cluster.bootstrap.refusal()?.message);
    const app = createApp({ dispatch, metrics, notReady });
    return new HttpServer({ ...config, app, dispatch: this.options.viaExpress ? () => false : dispatch });
  }

  private async listen(): Promise<number> {
    const { addr } = this.options.config;
    const { host, port } = splitAddress(addr);
    try {
      return await this.http.listen(host, port);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === "EADDRINUSE" ? "the port is in use" : message;
      throw new Error(
        `cannot listen on ${addr}: ${reason}; change it with --${settings.addr.key} or ${envName(settings.addr)}`,
        { cause: error },
      );
    }
  }
}

function guardPolicy(config: Config) {
  return {
    threshold: config.guardThreshold,
    minInstances: config.guardMinInstances,
    // Sooner than its lease can run out: those that came at once and fell silent at once are protected, too.
    matureMs: (config.leaseTtlMs * 5) / 6,
  };
}

function rethrow(error: unknown): never {
  throw error;
}

/** Host and port; no host is all addresses, as Go has it. */
function splitAddress(addr: string): { host: string; port: number } {
  const colon = addr.lastIndexOf(":");
  const host = addr.slice(0, colon).replace(/^\[|\]$/g, "");
  return { host: host === "" ? "0.0.0.0" : host, port: Number(addr.slice(colon + 1)) };
}

const ANY: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * Where clients reach this node. A node that listens on all addresses is the one of `nodes` with its port and an
 * address of this machine; failing that, its first address that is not loopback.
 */
function advertised(config: Config, port: number): string {
  const { host, port: configured } = splitAddress(config.addr);
  if (!ANY.has(host)) return `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const names = new Set([...own.map(({ address }) => address), "localhost", config.host]);
  const named = config.nodes.find((node) => {
    const split = splitAddress(node);
    return split.port === configured && names.has(split.host);
  });
  const outer = own.find(({ internal, family }) => !internal && family === "IPv4");
  return named ?? `${outer?.address ?? "127.0.0.1"}:${port}`;
}
