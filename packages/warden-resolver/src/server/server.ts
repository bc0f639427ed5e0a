import type { InstanceInput, Registration, Registry } from "@discoveryd/naming-sdk";
import { holdProcess, silentLogger, sleep, systemClock, type Clock, type Logger } from "@discoveryd/runtime";
import {
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { PackageDefinition } from "@grpc/proto-loader";
import type { Registry as MetricsRegistry } from "prom-client";
import { advertisedAddress } from "./advertised-address";
import { createCallObserver } from "./call-observer";
import { readServerConfig, type ServerSettings, type WardenServerConfig } from "./config";
import { CpuUsage } from "./cpu-usage";
import { drain } from "./drain";
import { guardHandlers } from "./handlers";
import { Health } from "./health";
import { addressText, type ListenAddress } from "./listen-address";
import { listen, type Listener } from "./listener";
import { createServerMetrics } from "./metrics";
import { addReflection } from "./reflection";
import { shutdownOnSignals, type SignalSource } from "./signals";

/** What a server needs besides its configuration. */
export interface WardenServerOptions {
  /** Default: no encryption. */
  readonly credentials?: ServerCredentials;
  /** Where the server's metrics go, a prom-client registry. Default: nowhere. */
  readonly metrics?: MetricsRegistry;
  /** Serves reflection for these services: what proto-loader's `loadSync` gave. Default: no reflection. */
  readonly reflection?: PackageDefinition;
  /** SIGTERM and SIGINT shut the server down, a second one ends the process at once. Default false. */
  readonly handleSignals?: boolean | SignalSource;
  /** Run for each call, inside of the server's own. */
  readonly interceptors?: readonly ServerInterceptor[];
  /** Further options for grpc-js, such as `grpc.max_receive_message_length`. They win over what the config makes of it. */
  readonly channelOptions?: Omit<ServerOptions, "interceptors">;
  /** How busy the process is, for the `cpu_usage` trailer. Default: measured. */
  readonly cpu?: CpuUsage;
  /** Default: silent. */
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** An instance to register; without `addrs` it gets the address the server listens on. */
export type ServedInstance = Omit<InstanceInput, "addrs"> & { readonly addrs?: readonly string[] };

/**
 * A gRPC server that registers itself, and closes so that no caller notices.
 *
 * new -> start() -> listening -> shutdown() -> closing: cancelled, draining, finishing calls -> closed
 */
export class WardenServer implements AsyncDisposable {
  private readonly settings: ServerSettings;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly cpu: CpuUsage;
  private readonly health = new Health();
  private readonly grpc: Server;
  private readonly registrations = new Set<Registration>();
  private readonly closing = new AbortController();
  private listener: Promise<Listener> | undefined;
  private bound: ListenAddress | undefined;
  private closed: Promise<void> | undefined;
  private ignoreSignals: (() => void) | undefined;

  /** Reads the configuration, and throws when it is wrong. Nothing runs before `start`. */
  constructor(
    config: WardenServerConfig = {},
    private readonly options: WardenServerOptions = {},
  ) {
    this.settings = readServerConfig(config);
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger ?? silentLogger;
    this.cpu = options.cpu ?? new CpuUsage({ clock: this.clock });
    const record = options.metrics && createServerMetrics(options.metrics);
    const observer = createCallObserver({ clock: this.clock, cpu: this.cpu, record });
    this.grpc = new Server({
      ...connectionOptions(this.settings),
      ...options.channelOptions,
      interceptors: [observer, ...(options.interceptors ?? [])],
    });
    this.health.addToServer(this.grpc);
    if (options.reflection) addReflection(this.grpc, options.reflection);
  }

  /** Where the server listens, with the port it really has: `127.0.0.1:9000`. Undefined before `start` has resolved. */
  get address(): string | undefined {
    return this.bound && addressText(this.bound);
  }

  /** Serves a service. A method without a handler answers UNIMPLEMENTED. */
  addService(definition: ServiceDefinition, implementation: UntypedServiceImplementation): this {
    const { clock, logger, settings } = this;
    this.grpc.addService(
      definition,
      guardHandlers(definition, implementation, { clock, logger, timeoutMs: settings.timeoutMs }),
    );
    for (const { path } of Object.values(definition)) this.health.set(serviceOf(path), "SERVING");
    return this;
  }

  /**
   * Listens, and resolves with the port (0 for a unix socket). Rejects when the address cannot be had, with one line
   * that names it and says how to change it.
   */
  async start(): Promise<number> {
    if (this.closed) throw new Error("start: the server was shut down");
    if (this.listener) throw new Error("start: the server was started before");
    const injector = this.grpc.createConnectionInjector(
      this.options.credentials ?? ServerCredentials.createInsecure(),
    );
    this.listener = listen(this.settings.address, (socket) => injector.injectConnection(socket));
    const { address } = await this.listener;
    this.bound = address;
    this.cpu.start();
    const { handleSignals } = this.options;
    if (handleSignals) {
      const source = handleSignals === true ? process : handleSignals;
      this.ignoreSignals = shutdownOnSignals(() => void this.shutdown(), source);
    }
    this.logger.info({ address: this.address }, "grpc server listens");
    return address.kind === "tcp" ? address.port : 0;
  }

  /**
   * Registers the started server, under the address it listens on unless `addrs` says otherwise. `shutdown` cancels
   * the registration. Resolves and rejects as the registry's own `register`; a shutdown meanwhile rejects, too.
   */
  async register(
    registry: Registry,
    instance: ServedInstance,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Registration> {
    if (!this.bound)
      throw new Error(`register ${instance.appid}: start the server first, its port is not known yet`);
    const addrs = instance.addrs ?? [advertisedAddress(this.bound, this.settings.advertisedIp)];
    const signal = options.signal
      ? AbortSignal.any([options.signal, this.closing.signal])
      : this.closing.signal;
    const registration = await registry.register({ ...instance, addrs }, { signal });
    if (this.closing.signal.aborted) await registration.cancel();
    else this.registrations.add(registration);
    return registration;
  }

  /**
   * Closes so that no caller notices: turns NOT_SERVING, cancels the registrations, goes on serving for `drain` so
   * that clients hear of it, stops listening, lets open calls finish within `grace`, closes. Resolves when all that
   * is done, after at most 3 s + `drain` + 0.5 s + `grace`, and never rejects. Safe to call twice.
   */
  shutdown(): Promise<void> {
    this.closed ??= this.close();
    return this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  private async close(): Promise<void> {
    const release = holdProcess();
    this.closing.abort(new Error("the server is closing"));
    this.health.setAll("NOT_SERVING");
    const listener = await this.listener?.catch(() => undefined);
    if (listener) await this.closeListening(listener);
    this.cpu.close();
    this.ignoreSignals?.();
    this.logger.info({ address: this.address }, "grpc server closed");
    release();
  }

  private async closeListening(listener: Listener): Promise<void> {
    const { clock, logger, settings } = this;
    logger.info({ address: this.address, drainMs: settings.drainMs }, "grpc server closes");
    await Promise.all([...this.registrations].map((registration) => registration.cancel()));
    await sleep(clock, settings.drainMs);
    listener.close();
    this.health.endWatches();
    await drain(this.grpc, { graceMs: settings.graceMs, clock });
  }
}

function connectionOptions(settings: ServerSettings): ServerOptions {
  return {
    "grpc.keepalive_time_ms": settings.keepAliveIntervalMs,
    "grpc.keepalive_timeout_ms": settings.keepAliveTimeoutMs,
    ...(settings.idleTimeoutMs > 0 && { "grpc.max_connection_idle_ms": settings.idleTimeoutMs }),
    ...(settings.maxLifeMs > 0 && {
      "grpc.max_connection_age_ms": settings.maxLifeMs,
      "grpc.max_connection_age_grace_ms": settings.graceMs,
    }),
  };
}

/** `/demo.service.v1.Demo/SayHello` is a method of `demo.service.v1.Demo`. */
function serviceOf(path: string): string {
  return path.slice(1, path.lastIndexOf("/"));
}
