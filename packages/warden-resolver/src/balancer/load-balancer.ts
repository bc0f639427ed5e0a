import { connectivityState, experimental } from "@grpc/grpc-js";
import { systemClock, systemRandom } from "@discoveryd/runtime";
import type { BalancerContext } from "./balancer-context";
import { ColorRoutes } from "./color-routes";
import { Connection, type ChannelOptions } from "./connection";
import type { WardenEndpoint } from "./endpoint";
import { WardenPicker } from "./picker";
import { StatsStore } from "./stats-store";
import type { Strategy } from "./strategy";

/** The attribute under which a resolver hands over its BalancerContext. It never splits connections. */
export const CONTEXT_ATTRIBUTE = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.warden.context`;

type EndpointsOrError = Parameters<experimental.LoadBalancer["updateAddressList"]>[0];

const { CONNECTING, READY, TRANSIENT_FAILURE } = connectivityState;

/** An error message names so many instances. */
const maxNamed = 3;

/**
 * Keeps one connection an endpoint and lets a strategy choose among the ready ones. Connections and their stats are
 * kept across updates: only what came or went is touched. One that breaks reconnects at once, then with grpc's
 * backoff.
 */
export class WardenLoadBalancer implements experimental.LoadBalancer {
  private readonly connections = new Map<string, Connection>();
  private context: BalancerContext = plainContext();
  /** The resolver's last error, until it finds something. */
  private failure: string | undefined;
  /** While set, changes are not published: many come at once, or nobody listens any more. */
  private quiet = false;

  constructor(
    private readonly helper: experimental.ChannelControlHelper,
    private readonly name: string,
    private readonly strategy: Strategy,
  ) {}

  /** Always takes the list: grpc-js would let calls hang on one that is refused. */
  updateAddressList(
    endpoints: EndpointsOrError,
    _config: experimental.TypedLoadBalancingConfig,
    options: ChannelOptions,
    note: string,
  ): boolean {
    this.context = (options[CONTEXT_ATTRIBUTE] as BalancerContext | undefined) ?? this.context;
    this.quiet = true;
    if (endpoints.ok) {
      this.failure = undefined;
      this.take(endpoints.value.map(wardenEndpoint), options, note);
    } else {
      this.failure = endpoints.error.details;
    }
    this.quiet = false;
    this.publish();
    return true;
  }

  exitIdle(): void {
    // grpc-js asks for it with each call, but no connection stays idle: see publish.
  }

  resetBackoff(): void {
    // The backoff belongs to the connections, which channels share.
  }

  destroy(): void {
    this.quiet = true;
    for (const connection of [...this.connections.values()]) this.drop(connection);
  }

  getTypeName(): string {
    return this.name;
  }

  private take(endpoints: readonly WardenEndpoint[], options: ChannelOptions, note: string): void {
    const listed = new Map(endpoints.map((endpoint) => [endpoint.key, endpoint]));
    for (const [key, endpoint] of listed) {
      const known = this.connections.get(key);
      if (known === undefined) this.connect(endpoint, options, note);
      else known.update(endpoint, options);
    }
    for (const connection of this.connections.values()) connection.listed = listed.has(connection.key);
  }

  private connect(endpoint: WardenEndpoint, channelOptions: ChannelOptions, note: string): void {
    const { clock, stats } = this.context;
    const connection = new Connection(endpoint, {
      stats: stats.enter(endpoint.key, clock.monotonic()),
      clock,
      helper: this.helper,
      channelOptions,
      note,
      onChange: (changed, before) => this.onChange(changed, before),
    });
    this.connections.set(endpoint.key, connection);
    connection.connect();
  }

  private onChange(connection: Connection, before: connectivityState): void {
    if (before === READY && !connection.ready) this.helper.requestReresolution();
    if (before !== READY && connection.ready) {
      const now = this.context.clock.monotonic();
      // When all connect at the same time there is nobody to take a newcomer's share.
      const established = [...this.connections.values()].some((one) => one.isEstablished(now));
      connection.slowStartAt = established ? now : undefined;
    }
    this.publish();
  }

  private publish(): void {
    if (this.quiet) return;
    this.dropLeaving();
    const all = [...this.connections.values()];
    const listed = all.filter((one) => one.listed);
    if (all.some((one) => one.ready)) {
      const serving = listed.some((one) => one.ready) ? listed : all;
      const routes = new ColorRoutes(serving, (ready) => this.strategy.over(ready));
      this.helper.updateState(READY, new WardenPicker(routes, this.context, this), null);
    } else if (listed.some((one) => one.connecting)) {
      this.helper.updateState(CONNECTING, new experimental.QueuePicker(this), null);
    } else {
      const details = this.whyNone(listed);
      this.helper.updateState(TRANSIENT_FAILURE, new experimental.UnavailablePicker({ details }), details);
    }
    this.context.onConnections?.(listed.map((one) => one.report()));
    for (const connection of this.connections.values()) {
      if (connection.listed) connection.reconnect();
    }
  }

  /** Those gone from the list serve on while nobody of the list can, and as long as their connections live. */
  private dropLeaving(): void {
    const replaced = [...this.connections.values()].some((one) => one.listed && one.ready);
    for (const connection of [...this.connections.values()]) {
      if (!connection.listed && (replaced || !connection.ready)) this.drop(connection);
    }
  }

  private drop(connection: Connection): void {
    this.connections.delete(connection.key);
    this.context.stats.leave(connection.key, this.context.clock.monotonic());
    connection.close();
  }

  private whyNone(listed: readonly Connection[]): string {
    if (listed.length === 0 && this.failure !== undefined) return this.failure;
    const where = this.context.describe();
    if (listed.length === 0) return `no instance to call: ${where}`;
    const failed = listed.slice(0, maxNamed).map((one) => {
      const { address, error = "no reason given" } = one.report();
      return `${address} (${error})`;
    });
    const more = listed.length > maxNamed ? ` and ${listed.length - maxNamed} more` : "";
    return `none of ${listed.length} instances accepts a connection: ${failed.join(", ")}${more}; ${where}`;
  }
}

/** Endpoints of other resolvers (DNS) have neither weight nor color. */
function wardenEndpoint(endpoint: experimental.Endpoint): WardenEndpoint {
  if ("key" in endpoint) return endpoint as WardenEndpoint;
  const { addresses } = endpoint as WardenEndpoint;
  return { addresses, key: experimental.endpointToString(endpoint), weight: 10, color: "" };
}

/** For channels of other resolvers that name our policies in their service config. */
function plainContext(): BalancerContext {
  return {
    stats: new StatsStore(),
    color: "",
    clock: systemClock,
    random: systemRandom,
    describe: () => "the target resolves to no address that answers",
  };
}
