import type { Metadata } from "@grpc/grpc-js";
import { connectivityState, experimental, status } from "@grpc/grpc-js";
import { systemClock, systemRandom, type Clock } from "@discoveryd/runtime";
import type { BalancerContext } from "./balancer-context";
import { ColorRoutes } from "./color-routes";
import type { WardenEndpoint } from "./endpoint";
import type { NodeStats, Outcome } from "./node-stats";
import { createP2c } from "./p2c";
import { StatsStore } from "./stats-store";
import { slowStartMs, type Candidate, type Chooser, type Strategy } from "./strategy";
import { createWrr } from "./wrr";

/** The names of the balancers in a service config. */
export const P2C_POLICY = "warden_p2c";
export const WRR_POLICY = "warden_wrr";

/** The attribute under which a resolver hands over its BalancerContext. It never splits connections. */
export const CONTEXT_ATTRIBUTE = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.warden.context`;

type Options = Parameters<experimental.LoadBalancer["updateAddressList"]>[2];
type EndpointsOrError = Parameters<experimental.LoadBalancer["updateAddressList"]>[0];
type OnCallEnded = NonNullable<experimental.PickResult["onCallEnded"]>;

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = connectivityState;

/** How long calls of a color wait for the first connection to it before they go to instances without color. */
const freshMs = 1_000;
const maxReported = 3;

/** Makes `warden_p2c` and `warden_wrr` known to grpc-js in this process. Safe to call twice. */
export function registerBalancers(): void {
  if (experimental.isLoadBalancerNameRegistered(P2C_POLICY)) return;
  experimental.registerLoadBalancerType(P2C_POLICY, P2cLoadBalancer, P2cConfig);
  experimental.registerLoadBalancerType(WRR_POLICY, WrrLoadBalancer, WrrConfig);
}

class PolicyConfig implements experimental.TypedLoadBalancingConfig {
  constructor(private readonly name: string) {}

  getLoadBalancerName(): string {
    return this.name;
  }

  toJsonObject(): object {
    return { [this.name]: {} };
  }
}

class P2cConfig extends PolicyConfig {
  static createFromJson(): P2cConfig {
    return new P2cConfig(P2C_POLICY);
  }
}

class WrrConfig extends PolicyConfig {
  static createFromJson(): WrrConfig {
    return new WrrConfig(WRR_POLICY);
  }
}

/** One endpoint's connection, and what the strategies and routes want to know of it. */
class Connection implements Candidate {
  weight: number;
  color: string;
  slowStartAt: number | undefined;
  state = IDLE;
  error: string | undefined;
  fresh = true;
  /** False once its endpoint is gone from the list: it serves on until another one can. */
  listed = true;
  wasReady = false;
  readyAt: number | undefined;
  leaf!: experimental.LeafLoadBalancer;
  stopWaiting: () => void = () => undefined;

  constructor(
    readonly key: string,
    endpoint: WardenEndpoint,
    readonly stats: NodeStats,
  ) {
    this.weight = endpoint.weight;
    this.color = endpoint.color;
  }

  get ready(): boolean {
    return this.state === READY;
  }

  get connecting(): boolean {
    return this.state === CONNECTING || this.state === IDLE;
  }

  update(endpoint: WardenEndpoint, options: Options): void {
    this.weight = endpoint.weight;
    this.color = endpoint.color;
    // One that was gone and comes back keeps its connection, but outlier detection has begun to count anew.
    if (!this.listed) this.leaf.updateEndpoint(endpoint, options);
  }

  settle(): void {
    this.fresh = false;
    this.stopWaiting();
  }
}

/**
 * Keeps one connection an endpoint and lets a strategy choose among the ready ones. Connections and their stats are
 * kept across updates: only what came or went is touched. One that breaks reconnects at once, then with grpc's backoff.
 */
class WardenLoadBalancer implements experimental.LoadBalancer {
  private readonly connections = new Map<string, Connection>();
  private context: BalancerContext = plainContext();
  /** The resolver's last error, until it finds something. */
  private failure: string | undefined;
  private updating = false;
  private destroyed = false;

  constructor(
    private readonly helper: experimental.ChannelControlHelper,
    private readonly name: string,
    private readonly strategy: Strategy,
  ) {}

  /** Always takes the list: grpc-js would let calls hang on one that is refused. */
  updateAddressList(
    endpoints: EndpointsOrError,
    _config: experimental.TypedLoadBalancingConfig,
    options: Options,
    note: string,
  ): boolean {
    this.context = (options[CONTEXT_ATTRIBUTE] as BalancerContext | undefined) ?? this.context;
    this.updating = true;
    if (endpoints.ok) {
      this.failure = undefined;
      this.take(endpoints.value.map(wardenEndpoint), options, note);
    } else {
      this.failure = endpoints.error.details;
    }
    this.updating = false;
    this.publish();
    return true;
  }

  private take(endpoints: readonly WardenEndpoint[], options: Options, note: string): void {
    const listed = new Map(endpoints.map((endpoint) => [endpoint.key, endpoint]));
    for (const [key, endpoint] of listed) {
      const known = this.connections.get(key);
      if (known === undefined) this.connect(endpoint, options, note);
      else known.update(endpoint, options);
    }
    for (const connection of this.connections.values()) connection.listed = listed.has(connection.key);
  }

  private connect(endpoint: WardenEndpoint, options: Options, note: string): void {
    const { clock, stats } = this.context;
    const connection = new Connection(endpoint.key, endpoint, stats.enter(endpoint.key, clock.monotonic()));
    this.connections.set(endpoint.key, connection);
    connection.stopWaiting = clock.after(freshMs, () => {
      connection.fresh = false;
      this.publish();
    });
    const helper = experimental.createChildChannelControlHelper(this.helper, {
      updateState: (state, _picker, error) => this.onState(connection, state, error),
    });
    connection.leaf = new experimental.LeafLoadBalancer(endpoint, helper, options, note);
    connection.leaf.startConnecting();
  }

  private onState(connection: Connection, state: connectivityState, error: string | null): void {
    const before = connection.state;
    connection.state = state;
    if (state === READY && before !== READY) this.onReady(connection);
    if (state === TRANSIENT_FAILURE) {
      connection.error = error ?? undefined;
      connection.settle();
    }
    if (before === READY && state !== READY) this.helper.requestReresolution();
    this.publish();
  }

  private onReady(connection: Connection): void {
    const now = this.context.clock.monotonic();
    if (connection.wasReady) connection.stats.reconnected();
    connection.wasReady = true;
    connection.readyAt = now;
    connection.error = undefined;
    connection.settle();
    // When all connect at the same time there is nobody to take a newcomer's share.
    const established = [...this.connections.values()].some(
      (one) => one.ready && one.readyAt !== undefined && now - one.readyAt > slowStartMs,
    );
    connection.slowStartAt = established ? now : undefined;
  }

  private publish(): void {
    if (this.updating || this.destroyed) return;
    this.dropLeaving();
    const all = [...this.connections.values()];
    const listed = all.filter((one) => one.listed);
    if (all.some((one) => one.ready)) {
      const serving = listed.some((one) => one.ready) ? listed : all;
      this.helper.updateState(READY, this.picker(serving), null);
    } else if (listed.some((one) => one.connecting)) {
      this.helper.updateState(CONNECTING, new experimental.QueuePicker(this), null);
    } else {
      const details = this.whyNone(listed);
      this.helper.updateState(TRANSIENT_FAILURE, new experimental.UnavailablePicker({ details }), details);
    }
    this.context.onConnections?.(listed.map(report));
    this.exitIdle();
  }

  /** Those gone from the list serve on while nobody of the list can, and as long as their connections live. */
  private dropLeaving(): void {
    const replaced = [...this.connections.values()].some((one) => one.listed && one.ready);
    for (const connection of this.connections.values()) {
      if (!connection.listed && (replaced || !connection.ready)) this.drop(connection);
    }
  }

  private drop(connection: Connection): void {
    this.connections.delete(connection.key);
    connection.settle();
    this.context.stats.leave(connection.key, this.context.clock.monotonic());
    connection.leaf.destroy();
  }

  private picker(serving: readonly Connection[]): experimental.Picker {
    const routes = new ColorRoutes(serving, (ready) => this.strategy.over(ready));
    return new WardenPicker(routes, this.context, this);
  }

  private whyNone(listed: readonly Connection[]): string {
    if (this.failure !== undefined && listed.length === 0) return this.failure;
    const where = this.context.describe();
    if (listed.length === 0) return `no instance to call: ${where}`;
    const failed = listed.slice(0, maxReported).map(({ key, error }) => `${key} (${error ?? "connecting"})`);
    const more = listed.length > maxReported ? ` and ${listed.length - maxReported} more` : "";
    return `none of ${listed.length} instances accepts a connection: ${failed.join(", ")}${more}; ${where}`;
  }

  /** A connection that broke, or that its server ended, is idle: it connects again at once. */
  exitIdle(): void {
    for (const connection of this.connections.values()) {
      if (connection.listed && connection.state === IDLE) connection.leaf.exitIdle();
    }
  }

  resetBackoff(): void {
    // The backoff belongs to the connections, which channels share.
  }

  destroy(): void {
    this.destroyed = true;
    for (const connection of [...this.connections.values()]) this.drop(connection);
  }

  getTypeName(): string {
    return this.name;
  }
}

class P2cLoadBalancer extends WardenLoadBalancer {
  constructor(helper: experimental.ChannelControlHelper) {
    super(helper, P2C_POLICY, createP2c());
  }
}

class WrrLoadBalancer extends WardenLoadBalancer {
  constructor(helper: experimental.ChannelControlHelper) {
    super(helper, WRR_POLICY, createWrr());
  }
}

type Routes = ColorRoutes<Connection, Chooser<Connection>>;

class WardenPicker implements experimental.Picker {
  private readonly waiting: experimental.QueuePicker;

  constructor(
    private readonly routes: Routes,
    private readonly context: BalancerContext,
    balancer: experimental.LoadBalancer,
  ) {
    this.waiting = new experimental.QueuePicker(balancer);
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const { clock, color, random } = this.context;
    const wanted = this.routes.colored ? (colorOf(args.metadata) ?? color) : "";
    const route = this.routes.find(wanted);
    if (route === "wait") return this.waiting.pick(args);
    if (route === "none") return this.refuse(wanted, args);
    const connection = route.pick(clock.monotonic(), random);
    return follow(connection.leaf.getPicker().pick(args), connection.stats, clock);
  }

  private refuse(wanted: string, args: experimental.PickArgs): experimental.PickResult {
    const colors = this.routes.readyColors.map((one) => JSON.stringify(one)).join(", ");
    const whom = wanted === "" ? "without color" : `of color ${JSON.stringify(wanted)} or without color`;
    const details = `no instance ${whom} is ready, only of color ${colors}: ${this.context.describe()}`;
    return new experimental.UnavailablePicker({ details }).pick(args);
  }
}

/** Has a call counted. Not within pick, which grpc-js runs several times for one call. */
function follow(result: experimental.PickResult, stats: NodeStats, clock: Clock): experimental.PickResult {
  if (result.pickResultType !== experimental.PickResultType.COMPLETE) return result;
  const { onCallStarted, onCallEnded } = result;
  let startedAt = 0;
  const ended: OnCallEnded = (code, details, trailers) => {
    const now = clock.monotonic();
    const cpu = cpuOf(trailers);
    if (cpu !== undefined) stats.cpu = cpu;
    stats.ended(outcomeOf(code), now - startedAt, now);
    onCallEnded?.(code, details, trailers);
  };
  result.onCallStarted = () => {
    startedAt = clock.monotonic();
    stats.started();
    onCallStarted?.();
  };
  result.onCallEnded = ended;
  return result;
}

// What an application answers on purpose is no failure of the server, and UNKNOWN is how kratos sends its business
// errors. Of CANCELLED nobody knows who gave up.
function outcomeOf(code: status): Outcome {
  switch (code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
    case status.RESOURCE_EXHAUSTED:
    case status.INTERNAL:
      return "failure";
    case status.CANCELLED:
      return "unknown";
    default:
      return "success";
  }
}

function cpuOf(trailers: Metadata): number | undefined {
  const [text] = trailers.get("cpu_usage");
  const cpu = Number(text);
  return text === undefined || !(cpu > 0) ? undefined : Math.min(cpu, 1_000);
}

function colorOf(metadata: Metadata): string | undefined {
  const [color] = metadata.get("color");
  return color === undefined || color === "" ? undefined : String(color);
}

function report({ key, ready, error }: Connection) {
  return { address: key, ready, ...(error === undefined ? {} : { error }) };
}

/** Endpoints of other resolvers (DNS) have neither weight nor color. */
function wardenEndpoint(endpoint: experimental.Endpoint): WardenEndpoint {
  return "key" in endpoint
    ? (endpoint as WardenEndpoint)
    : {
        ...(endpoint as WardenEndpoint),
        key: experimental.endpointToString(endpoint),
        weight: 10,
        color: "",
      };
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
