import { experimental, Metadata, status, type ChannelOptions } from "@grpc/grpc-js";
import type { Builder, InstancesInfo, Resolver } from "@discoveryd/naming-sdk";
import type { Clock, Logger, Random } from "@discoveryd/runtime";
import type { BalancerContext, ConnectionReport } from "../balancer/balancer-context";
import type { WardenEndpoint } from "../balancer/endpoint";
import { CONTEXT_ATTRIBUTE } from "../balancer/load-balancer";
import { StatsStore } from "../balancer/stats-store";
import { sameEndpoints, toEndpoints } from "./endpoints";
import { channelServiceConfig } from "./service-config";
import { parseTargetUri, type Target } from "./target";

/** A hint to resolve again is passed on at most this often. */
const refreshEveryMs = 1_000;
/** While there is no answer yet: how often to look whether one can still be expected. */
const lookEveryMs = 250;

/** What a channel tells whoever made it of how far it has come. Passed as the channel option PROBE_OPTION. */
export interface ChannelProbe {
  /** The naming resolver at work; undefined while the channel is idle. */
  onResolver?(resolver: Resolver | undefined): void;
  /** The connections to the instances of the current list, each time one changes. */
  onConnections?(connections: readonly ConnectionReport[]): void;
}

/** The channel option that carries a ChannelProbe. It never splits connections. */
export const PROBE_OPTION = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.warden.probe`;

export interface NamingResolverOptions {
  /** Of calls whose metadata carries none. Empty: none. */
  readonly color: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

type Listener = experimental.ResolverListener;
/** grpc-js does not export its name for this. */
type ResolverClass = Parameters<typeof experimental.registerResolver>[1];

/** The class that grpc-js makes resolvers of for one scheme. */
export function createResolverClass(builder: Builder, options: NamingResolverOptions): ResolverClass {
  return class extends NamingResolver {
    constructor(uri: experimental.GrpcUri, listener: Listener, channelOptions: ChannelOptions) {
      super(parseTargetUri(uri), listener, channelOptions, builder, options);
    }

    /** The app, or the first of direct addresses. */
    static getDefaultAuthority(uri: experimental.GrpcUri): string {
      return parseTargetUri(uri).name.split(",")[0] as string;
    }
  };
}

/**
 * The grpc-js Resolver over any naming Resolver. It only pushes: grpc-js asks on each failed connection, and
 * answering each time would make it ask again at once.
 *
 * Every answer carries the same service config and the same attributes. Without the first, grpc-js would replace our
 * balancer; with fresh attributes it would connect anew.
 */
class NamingResolver implements experimental.Resolver {
  private readonly attributes: Readonly<Record<string, unknown>>;
  private readonly serviceConfig: ReturnType<typeof channelServiceConfig>;
  private readonly probe: ChannelProbe | undefined;
  private watch: Watch | undefined;
  private known: readonly WardenEndpoint[] | undefined;
  private refreshedAt: number | undefined;
  private reported = "";

  constructor(
    private readonly target: Target,
    private readonly listener: Listener,
    channelOptions: ChannelOptions,
    private readonly builder: Builder,
    private readonly options: NamingResolverOptions,
  ) {
    const { clock, color, random } = options;
    this.probe = channelOptions[PROBE_OPTION] as ChannelProbe | undefined;
    this.serviceConfig = channelServiceConfig(channelOptions["grpc.service_config"], target.balancer);
    const context: BalancerContext = {
      stats: new StatsStore(),
      clock,
      color,
      random,
      describe: () => this.describe(),
      onConnections: (connections) => this.probe?.onConnections?.(connections),
    };
    this.attributes = { [CONTEXT_ATTRIBUTE]: context };
  }

  /** Starts to watch, the first time and after `destroy`. While watching it is a hint to ask again. */
  updateResolution(): void {
    const { clock } = this.options;
    if (this.watch === undefined) {
      this.watch = this.start();
    } else if (this.refreshedAt === undefined || clock.monotonic() - this.refreshedAt >= refreshEveryMs) {
      this.refreshedAt = clock.monotonic();
      this.watch.resolver?.refresh();
    }
  }

  /** Ends the watch, when the channel closes or goes idle. */
  destroy(): void {
    this.watch?.close();
    this.watch = undefined;
    this.probe?.onResolver?.(undefined);
  }

  private start(): Watch {
    const { clock } = this.options;
    let resolver: Resolver;
    try {
      resolver = this.builder.build(this.target.name, this.target.build);
    } catch (error) {
      // Not within this call, where grpc-js is not ready for an answer.
      const cancel = clock.after(0, () => {
        this.watch = undefined;
        this.report(`${this.builder.scheme} cannot look for ${this.target.name}: ${messageOf(error)}`);
      });
      return { resolver: undefined, close: cancel };
    }
    const stopLooking = this.lookForAnswer(resolver);
    let last: readonly WardenEndpoint[] | undefined;
    const stopListening = resolver.onChange((info) => {
      stopLooking();
      const endpoints = this.read(info);
      if (last !== undefined && sameEndpoints(last, endpoints)) return;
      last = endpoints;
      // What an app without instances had before is worth nothing after an idle time.
      this.known = endpoints;
      this.push(endpoints);
    });
    this.probe?.onResolver?.(resolver);
    const close = () => {
      stopLooking();
      stopListening();
      resolver.close();
    };
    return { resolver, close };
  }

  /**
   * Until the first answer. After an idle time what was known before serves when none comes soon; when nobody
   * answers at all, calls fail with that message instead of waiting for nothing.
   */
  private lookForAnswer(resolver: Resolver): () => void {
    const { clock } = this.options;
    let cancel = clock.after(lookEveryMs, look);
    const useKnown = () => (this.known === undefined ? false : (this.push(this.known), true));
    const fail = () => this.report(resolver.describe());
    function look(): void {
      if (useKnown()) return;
      if (resolver.status().kind === "unreachable") fail();
      else cancel = clock.after(lookEveryMs, look);
    }
    return () => cancel();
  }

  private read(info: InstancesInfo): readonly WardenEndpoint[] {
    const { endpoints, skipped } = toEndpoints(info);
    const text = JSON.stringify(skipped);
    if (skipped.length > 0 && text !== this.reported) {
      this.options.logger.warn({ app: this.target.name, skipped }, "instances skipped");
    }
    this.reported = text;
    return endpoints;
  }

  private push(endpoints: readonly WardenEndpoint[]): void {
    this.answer(experimental.statusOrFromValue([...endpoints]));
  }

  private report(details: string): void {
    const error = { code: status.UNAVAILABLE, details, metadata: new Metadata() };
    this.answer(experimental.statusOrFromError(error));
  }

  private answer(result: Parameters<Listener>[0]): void {
    const config = experimental.statusOrFromValue(this.serviceConfig);
    this.listener(result, this.attributes, config, this.describe());
  }

  private describe(): string {
    return this.watch?.resolver?.describe() ?? this.target.name;
  }
}

interface Watch {
  /** Undefined when the builder made none. */
  readonly resolver: Resolver | undefined;
  close(): void;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
