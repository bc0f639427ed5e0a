/**
 * The interfaces any naming back end can implement, named as in kratos' `naming` package. Nothing but types:
 * warden-resolver works over these and knows no registry.
 */

/** 1: up, takes traffic. 2: waiting, registered but takes none. */
export type InstanceStatus = 1 | 2;

/** One running copy of an app. Shared and never changed: a new state is a new object. */
export interface Instance {
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly appid: string;
  readonly hostname: string;
  /** Where it listens, each `scheme://host:port`. */
  readonly addrs: readonly string[];
  readonly version: string;
  /** `weight` (default 10), `color` and `cluster` have a meaning to the balancers; the rest is the application's. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly status: InstanceStatus;
  /** When it last changed, in nanoseconds since the epoch, to the digit. */
  readonly lastTs: bigint;
}

/** How clients of one zone spread over the zones: each gets its weight's share of the sum. */
export interface ZoneStrategy {
  readonly zones: ReadonlyMap<string, { readonly weight: number }>;
}

/** Client zone to strategy. */
export interface Scheduler {
  readonly clients: ReadonlyMap<string, ZoneStrategy>;
}

/** An app as consumers see it. */
export interface InstancesInfo {
  /** Zone to instances. Empty when the app has none. */
  readonly instances: ReadonlyMap<string, readonly Instance[]>;
  /** When the app last changed, in nanoseconds since the epoch, to the digit. 0 when it was never seen. */
  readonly lastTs: bigint;
  readonly scheduler?: Scheduler;
}

/** What to register. What is left out comes from the back end's configuration. */
export interface InstanceInput {
  readonly appid: string;
  /** 1 to 32 of `scheme://host:port`, for example `grpc://10.0.0.5:9000`. */
  readonly addrs: readonly string[];
  /** Unique among the instances of the app in its env and zone. */
  readonly hostname?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly env?: string;
  readonly version?: string;
  readonly metadata?: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
  /** Default 1, up. */
  readonly status?: InstanceStatus;
}

/** What `Registration.update` changes; what is left out stays. */
export interface InstanceChange {
  readonly status?: InstanceStatus;
  /** Merged over the metadata that is there. */
  readonly metadata?: ReadonlyMap<string, string> | Readonly<Record<string, string>>;
}

/** A registered instance, kept alive until it is cancelled. */
export interface Registration extends AsyncDisposable {
  /** The instance as it was last registered or updated. */
  readonly instance: Instance;
  /** Changes status or metadata, here and at the registry. Resolves when the registry has taken it. */
  update(change: InstanceChange): Promise<void>;
  /**
   * Ends the heartbeat and takes the instance out. Idempotent. Resolves when the registry has answered or 3 s have
   * passed, and never rejects: the lease takes out what could not be cancelled.
   */
  cancel(): Promise<void>;
}

/** Where a service registers itself. */
export interface Registry {
  /**
   * Resolves once the registry has taken the instance; tries until then. Rejects when `signal` aborts, or when the
   * registry refuses it (a wrong value).
   */
  register(instance: InstanceInput, options?: { readonly signal?: AbortSignal }): Promise<Registration>;
  /** Cancels all registrations and ends everything that runs. Safe to call twice. */
  close(): Promise<void>;
}

/** How far a resolver has come, for error messages. */
export type ResolverStatus =
  /** No answer yet, and no failure either. */
  | { readonly kind: "waiting" }
  /** No node answers. `nodes` were asked; `cause` is the last failure. What `fetch` returns stays in use. */
  | { readonly kind: "unreachable"; readonly nodes: readonly string[]; readonly cause: unknown }
  /** The back end answers that there is no such app, or that it has no instance. */
  | { readonly kind: "missing" }
  /** The app has instances, but the build options leave none. */
  | { readonly kind: "filtered" }
  /** There are instances to use. */
  | { readonly kind: "found" };

/** Watches one app. */
export interface Resolver {
  /** The latest known state, at once; undefined before the first answer. */
  fetch(): InstancesInfo | undefined;
  /**
   * Resolves with the first answer (an app that does not exist is an empty one), at once when there was one. Rejects
   * when `signal` aborts, when the resolver is closed, or when the app does not exist and `required` was set.
   */
  ready(options?: { readonly signal?: AbortSignal }): Promise<InstancesInfo>;
  /** Every state from the latest known on. A slow reader sees the latest, not a backlog. Ends at `close`. */
  watch(): AsyncIterable<InstancesInfo>;
  /**
   * Calls `listener` with each new state, the latest known one included: never synchronously within this call.
   * Calling the result ends it.
   */
  onChange(listener: (info: InstancesInfo) => void): () => void;
  status(): ResolverStatus;
  /** For error messages: the app, where it was looked for and whom was asked, in one line. */
  describe(): string;
  /** Asks the back end now, where it can be asked. A hint: at most one request a second comes of it. */
  refresh(): void;
  /** Ends the watch. Safe to call twice. */
  close(): void;
}

/** Which instances a resolver shows. Applied in the order of the fields; none changes what other resolvers see. */
export interface BuildOptions {
  /** Only instances with an address of this scheme and, when clusters are given, one of them as `metadata.cluster`. */
  readonly filter?: { readonly scheme: string; readonly clusters?: readonly string[] };
  /**
   * The client's own zone, or true for the configured one. Where the registry has a strategy for it, traffic goes to
   * the zones by weight, whatever the number of instances in each. Otherwise only the client's zone is used, and all
   * zones when it is empty.
   */
  readonly scheduleNode?: string | true;
  /**
   * At most so many instances, the same for the same client, spread evenly over clients; zones that a strategy splits
   * traffic over keep their shares, and one instance each at least. Default: all.
   */
  readonly subset?: number;
  /** What tells this client from others when subsets are made. Default: the configured host and the process id. */
  readonly clientId?: string;
  /** `ready` rejects when the app does not exist. Default false. */
  readonly required?: boolean;
}

/** Makes resolvers for one scheme of targets. */
export interface Builder {
  /** For example `discovery`, as in `discovery://default/demo.service`. */
  readonly scheme: string;
  /** Starts to watch an app. */
  build(appid: string, options?: BuildOptions): Resolver;
}
