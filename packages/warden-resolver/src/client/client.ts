import { CodedError, codes } from "@discoveryd/protocol";
import { systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import {
  connectivityState as State,
  credentials as Credentials,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientOptions,
  type Interceptor,
} from "@grpc/grpc-js";
import type { Registry as MetricsRegistry } from "prom-client";
import { createBreakerStage } from "../interceptors/breaker";
import { createDeadlineStage } from "../interceptors/deadline";
import { createMetadataStage } from "../interceptors/metadata";
import { createClientMetrics, createMetricsStage, type ClientMetrics } from "../interceptors/metrics";
import type { Stage } from "../interceptors/outgoing-call";
import { createReadinessStage } from "../interceptors/readiness";
import { createInterceptor } from "../interceptors/staged-call";
import { Stages } from "../interceptors/stages";
import { createTracingStage, loadOpenTelemetry } from "../interceptors/tracing";
import { PROBE_OPTION } from "../resolver/naming-resolver";
import { channelReady, type Channel } from "./channel-ready";
import { callerDefaults, readClientConfig, type ClientSettings, type WardenClientConfig } from "./config";
import { DialProgress } from "./dial-progress";
import { dialTarget, namingScheme, serviceConfigText } from "./dial-target";
import { callDirectly } from "./call-directly";
import { MethodRules } from "./method-rules";

/** What a client needs besides its configuration. */
export interface WardenClientOptions {
  /** Who calls, sent as `caller`. Default: the environment variable APP_ID, else nothing is sent. */
  readonly caller?: string;
  /** The color of calls that have none. Default: the environment variable DEPLOY_COLOR, else none. */
  readonly color?: string;
  /** Where the client's metrics go, a prom-client registry. Default: nowhere. */
  readonly metrics?: MetricsRegistry;
  /** A span for each call, through the application's @opentelemetry/api. Default false. */
  readonly tracing?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What one dial does differently. */
export interface DialOptions {
  /** Ends the wait: the dial then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Over the configuration's. */
  readonly nonBlock?: boolean;
  /** Default: none for `dial`, the system's trusted authorities for `dialTLS`. */
  readonly credentials?: ChannelCredentials;
  /** Run for each call, inside of the client's own. Interceptors given with a call replace all of these. */
  readonly interceptors?: readonly Interceptor[];
  /** Further options for grpc-js. They win over what the configuration makes of it. */
  readonly channelOptions?: ChannelOptions;
}

/** A client class as ts-proto, proto-loader and grpc-js make them. */
export type ClientConstructor<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options: ClientOptions,
) => C;

/**
 * Dials services by name. A dialled client is an ordinary generated client whose calls have a deadline, a breaker,
 * metadata and metrics, and go to whatever instances the target stands for at the moment.
 */
export class WardenClient implements Disposable {
  private settings: ClientSettings;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly metrics: ClientMetrics | undefined;
  /** The stages that do not depend on what is dialled: from the metadata on. */
  private readonly innerStages: readonly Stage[];
  private readonly channels = new Set<Channel>();
  private closed = false;

  /** Reads the configuration, and throws when it is wrong. */
  constructor(config: WardenClientConfig = {}, options: WardenClientOptions = {}) {
    this.settings = readClientConfig(config);
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.metrics = options.metrics && createClientMetrics(options.metrics);
    this.innerStages = [
      createMetadataStage({ ...callerDefaults(), ...options }),
      ...(this.metrics ? [createMetricsStage(this.metrics)] : []),
      ...(options.tracing ? [createTracingStage(loadOpenTelemetry())] : []),
    ];
  }

  /**
   * Takes a new configuration, or throws and keeps the old one. Timeouts and breakers change at once, for clients
   * already dialled, too; what belongs to connections (subset, zone, clusters, keepalive, balancer, retries) with the
   * next dial.
   */
  setConfig(config: WardenClientConfig): void {
    this.settings = readClientConfig(config);
  }

  /**
   * Resolves with a client of the service once one of its instances is connected. Rejects with a `CodedError` (-503)
   * when that takes longer than `dial`, saying how far it came; at once when the target is malformed.
   *
   * With `nonBlock` it resolves at once, and calls wait within their deadline until an instance is connected.
   */
  async dial<C extends Client>(
    target: string,
    service: ClientConstructor<C>,
    options: DialOptions = {},
  ): Promise<C> {
    if (this.closed) throw new Error(`dial ${target}: the client was closed`);
    options.signal?.throwIfAborted();
    const { settings } = this;
    const progress = new DialProgress();
    const client = this.create(target, service, options, progress);
    const channel = client.getChannel();
    this.keep(channel);
    try {
      checkScheme(target, channel);
      if (options.nonBlock ?? settings.nonBlock) {
        void channelReady(channel, { until: Infinity }).then((end) => (progress.wasReady = end === "ready"));
      } else {
        await this.ready(target, channel, { dialMs: settings.dialMs, signal: options.signal, progress });
        progress.wasReady = true;
      }
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** As `dial`, encrypted. Servers found by name show a certificate for their app id, or for what
   * `channelOptions["grpc.ssl_target_name_override"]` says. */
  dialTLS<C extends Client>(
    target: string,
    service: ClientConstructor<C>,
    options: DialOptions = {},
  ): Promise<C> {
    return this.dial(target, service, { credentials: Credentials.createSsl(), ...options });
  }

  /** Closes all that was dialled. Calls under way end with an error. Safe to call twice. */
  close(): void {
    this.closed = true;
    for (const channel of this.channels) channel.close();
    this.channels.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private create<C extends Client>(
    target: string,
    service: ClientConstructor<C>,
    options: DialOptions,
    progress: DialProgress,
  ): C {
    const { settings } = this;
    const dialled = dialTarget(target, settings);
    const serviceConfig = serviceConfigText(dialled, settings);
    const stages = new Stages(this.stages(progress), this.clock);
    const { interceptors = [], channelOptions: own = {} } = options;
    const client = new service(dialled, options.credentials ?? Credentials.createInsecure(), {
      ...channelOptions(settings),
      ...(serviceConfig !== undefined && { "grpc.service_config": serviceConfig }),
      ...own,
      [PROBE_OPTION]: progress,
      interceptors: [createInterceptor(stages), ...interceptors],
    });
    // Both are there to see each call on its way through grpc-js' client.
    if (interceptors.length === 0 && !("callInvocationTransformer" in own)) callDirectly(client, stages);
    return client;
  }

  private stages(progress: DialProgress): Stage[] {
    const { clock, metrics, random } = this;
    const rules = new MethodRules({ settings: () => this.settings, random });
    return [
      createReadinessStage({ wasReady: () => progress.wasReady, describe: () => progress.describe() }),
      createDeadlineStage({ timeoutMs: (method, streaming) => rules.timeoutMs(method, streaming), clock }),
      createBreakerStage({
        breakerOf: (method) => rules.breakerOf(method),
        onRefused: metrics && ((method) => metrics.refused(method)),
        clock,
      }),
      ...this.innerStages,
    ];
  }

  private async ready(
    target: string,
    channel: Channel,
    { dialMs, signal, progress }: { dialMs: number; signal: AbortSignal | undefined; progress: DialProgress },
  ): Promise<void> {
    const end = await channelReady(channel, { until: this.clock.now() + dialMs, signal });
    if (end === "ready") return;
    if (end === "aborted") throw signal?.reason;
    if (end === "closed") throw new Error(`dial ${target}: the client was closed`);
    throw new CodedError(
      codes.unavailable,
      `dial ${target}: not ready after ${dialMs} ms: ${progress.describe()}`,
    );
  }

  /** To close it later. Those that the application has closed itself are let go. */
  private keep(channel: Channel): void {
    for (const known of this.channels) {
      if (known.getConnectivityState(false) === State.SHUTDOWN) this.channels.delete(known);
    }
    this.channels.add(channel);
  }
}

function channelOptions(settings: ClientSettings): ChannelOptions {
  return {
    // A proxy of the environment would be asked for a host named like the app.
    "grpc.enable_http_proxy": 0,
    "grpc.keepalive_time_ms": settings.keepAliveIntervalMs,
    "grpc.keepalive_timeout_ms": settings.keepAliveTimeoutMs,
    "grpc.keepalive_permit_without_calls": settings.keepAliveWithoutStream ? 1 : 0,
    // An instance that comes back at its old address is called again within a second, not within two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 500,
    // Its counts cost each call something, and are seen only by whoever serves channelz.
    "grpc.enable_channelz": 0,
  };
}

/** grpc-js takes a scheme it does not know for a host name, and would look that up. */
function checkScheme(target: string, channel: Channel): void {
  const scheme = namingScheme(target);
  if (scheme === undefined || channel.getTarget().startsWith(`${scheme}:`)) return;
  throw new Error(
    `dial ${target}: nothing is registered for ${scheme}://, call resolver.register(builder) first`,
  );
}
