import { connectivityState, experimental } from "@grpc/grpc-js";
import type { Clock } from "@discoveryd/runtime";
import type { ConnectionReport } from "./balancer-context";
import type { Routable } from "./color-routes";
import type { WardenEndpoint } from "./endpoint";
import type { NodeStats } from "./node-stats";
import { slowStartMs, type Candidate } from "./strategy";

export type ChannelOptions = ConstructorParameters<typeof experimental.LeafLoadBalancer>[2];

/** How long calls of a color wait for the first connection to it before they go to instances without color. */
const freshMs = 1_000;

export interface ConnectionOptions {
  readonly stats: NodeStats;
  readonly clock: Clock;
  readonly helper: experimental.ChannelControlHelper;
  readonly channelOptions: ChannelOptions;
  readonly note: string;
  /** Called with each change of state but those that `connect` causes itself. */
  onChange(connection: Connection, before: connectivityState): void;
}

/** The connection to one endpoint, and what strategies and routes want to know of it. */
export class Connection implements Candidate, Routable {
  readonly key: string;
  readonly stats: NodeStats;
  /** Counts a call that starts. One function for all calls. */
  readonly countStart: () => void;
  weight: number;
  color: string;
  slowStartAt: number | undefined;
  fresh = true;
  /** False once its endpoint is gone from the list. */
  listed = true;
  private state = connectivityState.IDLE;
  private readyAt: number | undefined;
  private error: string | undefined;
  private readonly leaf: experimental.LeafLoadBalancer;
  private readonly stopWaiting: () => void;

  constructor(
    endpoint: WardenEndpoint,
    private readonly options: ConnectionOptions,
  ) {
    const { clock, helper, channelOptions, note } = options;
    this.key = endpoint.key;
    this.stats = options.stats;
    this.countStart = () => options.stats.started();
    this.weight = endpoint.weight;
    this.color = endpoint.color;
    const own = experimental.createChildChannelControlHelper(helper, {
      updateState: (state, _picker, error) => this.enter(state, error),
    });
    this.leaf = new experimental.LeafLoadBalancer(endpoint, own, channelOptions, note);
    this.stopWaiting = clock.after(freshMs, () => {
      this.fresh = false;
      options.onChange(this, this.state);
    });
  }

  get ready(): boolean {
    return this.state === connectivityState.READY;
  }

  get connecting(): boolean {
    return this.state === connectivityState.CONNECTING || this.state === connectivityState.IDLE;
  }

  connect(): void {
    this.leaf.startConnecting();
  }

  /** One that broke, or that its server ended, is idle and connects again. */
  reconnect(): void {
    if (this.state === connectivityState.IDLE) this.leaf.exitIdle();
  }

  /** Takes what changed in the list. The connection stays as it is. */
  update(endpoint: WardenEndpoint, channelOptions: ChannelOptions): void {
    this.weight = endpoint.weight;
    this.color = endpoint.color;
    // One that was gone and comes back keeps its connection, but outlier detection has begun to count anew.
    if (!this.listed) this.leaf.updateEndpoint(endpoint, channelOptions);
  }

  /** Whether it was ready for so long that a newcomer beside it has a share to grow into. */
  isEstablished(now: number): boolean {
    return this.ready && this.readyAt !== undefined && now - this.readyAt > slowStartMs;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    return this.leaf.getPicker().pick(args);
  }

  report(): ConnectionReport {
    const { key, ready, error } = this;
    return { address: key, ready, ...(error === undefined ? {} : { error }) };
  }

  close(): void {
    this.settle();
    this.leaf.destroy();
  }

  private enter(state: connectivityState, error: string | null): void {
    const before = this.state;
    this.state = state;
    if (state === connectivityState.READY && before !== connectivityState.READY) {
      if (this.readyAt === undefined) this.stats.connected();
      else this.stats.reconnected();
      this.readyAt = this.options.clock.monotonic();
      this.error = undefined;
      this.settle();
    } else if (state === connectivityState.TRANSIENT_FAILURE) {
      this.error = error ?? undefined;
      this.settle();
    }
    this.options.onChange(this, before);
  }

  private settle(): void {
    this.fresh = false;
    this.stopWaiting();
  }
}
