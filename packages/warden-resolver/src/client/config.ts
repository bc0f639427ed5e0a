import { defaultBreakerPolicy, type BreakerPolicy } from "../breaker/sre-breaker";
import type { OutlierDetection } from "../resolver/service-config";
import type { BalancerName } from "../resolver/target";
import {
  isObject,
  readBoolean,
  readDuration,
  readFields,
  readNumber,
  readObject,
  readOneOf,
  readText,
  readTexts,
  readWhole,
  refused,
  type ReadField,
} from "./read-field";
import {
  readOutlierDetection,
  readRetry,
  readServiceConfig,
  type RetryPolicy,
} from "./service-config-fields";

/** Milliseconds as a number, or text such as `"250ms"` and `"1.5s"`. */
export type Duration = number | string;

/** When calls of a method are refused because too many of them fail. */
export interface BreakerConfig {
  /** How far back calls count. Default 3 s. */
  readonly window?: Duration;
  /** Into how many steps the window is cut. Default 10. */
  readonly buckets?: number;
  /** Calls are refused once there are more than `k` times as many as succeed. Lower refuses earlier. Default 1.5. */
  readonly k?: number;
  /** With fewer calls than this in the window nothing is refused. Default 100. */
  readonly requests?: number;
}

/** What differs for one method. */
export interface MethodConfig {
  /** Default: the client's. A streaming method has a timeout only when it is given here. */
  readonly timeout?: Duration;
  /** False: no breaker. Default: the client's. */
  readonly breaker?: BreakerConfig | boolean;
}

/** As `retryPolicy` in gRPC's service config. */
export interface RetryConfig {
  /** The first try included, from 2 to 5. Default 3. */
  readonly maxAttempts?: number;
  /** From 1 ms. Default 50 ms. */
  readonly initialBackoff?: Duration;
  /** From 1 ms. Default 200 ms. */
  readonly maxBackoff?: Duration;
  /** From 1. Default 2. */
  readonly backoffMultiplier?: number;
  /** Which answers are tried again, by their names in gRPC. Default: UNAVAILABLE. */
  readonly codes?: readonly string[];
}

/** How a client dials and calls. */
export interface WardenClientConfig {
  /** A dial that is not ready within this fails. Default 10 s. */
  readonly dial?: Duration;
  /** A unary call ends after this, or sooner when its caller's deadline is sooner. 0 is no bound. Default 250 ms. */
  readonly timeout?: Duration;
  /** At most so many instances of an app are connected to; 0 is all. Default 50. */
  readonly subset?: number;
  /** The zone whose instances are called first. Default: the naming client's. */
  readonly zone?: string;
  /** Only instances of these clusters. Default: of any. */
  readonly clusters?: readonly string[];
  /** A dial returns at once; calls wait within their deadline until there is a connection. Default false. */
  readonly nonBlock?: boolean;
  /** A connection with open calls and no traffic for this long is asked whether it still lives. 0 is never. Default 60 s. */
  readonly keepAliveInterval?: Duration;
  /** A connection that does not answer that within this is given up. Default 20 s. */
  readonly keepAliveTimeout?: Duration;
  /** Also asks connections without open calls. Go servers close those with too_many_pings unless told otherwise. Default false. */
  readonly keepAliveWithoutStream?: boolean;
  /** False: no breaker. Default: on, with its defaults. */
  readonly breaker?: BreakerConfig | boolean;
  /** By method, as in `"/demo.service.v1.Demo/SayHello"`. */
  readonly method?: Readonly<Record<string, MethodConfig>>;
  /** How an instance is chosen. Default `p2c`. */
  readonly balancer?: BalancerName;
  /** Leaves out instances that fail more than others for a while. True: with gRPC's defaults. Default: none. */
  readonly outlierDetection?: OutlierDetection | boolean;
  /** Tries failed calls again, within their deadline. True: with its defaults. Default: none. */
  readonly retry?: RetryConfig | boolean;
  /** gRPC's own service config: `methodConfig`, `retryThrottling`, `loadBalancingConfig`. Its parts win over ours. */
  readonly serviceConfig?: Readonly<Record<string, unknown>>;
}

/** A method's configuration, read. `breaker: null` is none. */
export interface MethodSettings {
  readonly timeoutMs: number | undefined;
  readonly breaker: BreakerPolicy | null | undefined;
}

/** A client's configuration, read and complete. Durations are in milliseconds. */
export interface ClientSettings {
  readonly dialMs: number;
  readonly timeoutMs: number;
  readonly subset: number | undefined;
  readonly zone: string | undefined;
  readonly clusters: readonly string[];
  readonly nonBlock: boolean;
  readonly keepAliveIntervalMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly keepAliveWithoutStream: boolean;
  readonly breaker: BreakerPolicy | null;
  readonly methods: ReadonlyMap<string, MethodSettings>;
  readonly balancer: BalancerName | undefined;
  readonly outlierDetection: OutlierDetection | true | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly serviceConfig: Readonly<Record<string, unknown>>;
}

/** Reads a configuration. Throws an Error that names the key, its value and what is allowed. */
export function readClientConfig(config: WardenClientConfig): ClientSettings {
  const read = readFields("", config, fields);
  return {
    dialMs: read.dial ?? 10_000,
    timeoutMs: noBound(read.timeout) ?? 250,
    subset: read.subset,
    zone: read.zone || undefined,
    clusters: read.clusters ?? [],
    nonBlock: read.nonBlock ?? false,
    keepAliveIntervalMs: read.keepAliveInterval ?? 60_000,
    keepAliveTimeoutMs: read.keepAliveTimeout ?? 20_000,
    keepAliveWithoutStream: read.keepAliveWithoutStream ?? false,
    breaker: read.breaker === undefined ? defaultBreakerPolicy : read.breaker,
    methods: read.method ?? new Map(),
    balancer: read.balancer,
    outlierDetection: read.outlierDetection,
    retry: read.retry,
    serviceConfig: read.serviceConfig ?? {},
  };
}

/** Who calls, and in what color, when the application does not say. */
export function callerDefaults(env: NodeJS.ProcessEnv = process.env): { caller?: string; color?: string } {
  return {
    ...(env.APP_ID && { caller: env.APP_ID }),
    ...(env.DEPLOY_COLOR && { color: env.DEPLOY_COLOR }),
  };
}

const readBreaker: ReadField<BreakerPolicy | null> = (key, value) => {
  if (value === false) return null;
  if (value === true) return defaultBreakerPolicy;
  if (!isObject(value)) throw refused(key, value, "true, false or an object");
  const read = readFields(key, value, {
    window: readDuration,
    buckets: readWhole(1),
    k: readNumber(1),
    requests: readWhole(0),
  });
  if (read.window === 0) throw refused(`${key}.window`, 0, "a duration above 0");
  return {
    windowMs: read.window ?? defaultBreakerPolicy.windowMs,
    buckets: read.buckets ?? defaultBreakerPolicy.buckets,
    k: read.k ?? defaultBreakerPolicy.k,
    minRequests: read.requests ?? defaultBreakerPolicy.minRequests,
  };
};

const readMethods: ReadField<ReadonlyMap<string, MethodSettings>> = (key, value) => {
  const methods = Object.entries(readObject(key, value)).map(([method, config]): [string, MethodSettings] => {
    if (!/^\/[^/]+\/[^/]+$/.test(method)) throw refused(key, method, "methods as /package.Service/Method");
    const read = readFields(`${key}.${method}`, config, { timeout: readDuration, breaker: readBreaker });
    return [method, { timeoutMs: noBound(read.timeout), breaker: read.breaker }];
  });
  return new Map(methods);
};

const fields = {
  dial: readDuration,
  timeout: readDuration,
  subset: readWhole(0),
  zone: readText,
  clusters: readTexts,
  nonBlock: readBoolean,
  keepAliveInterval: readDuration,
  keepAliveTimeout: readDuration,
  keepAliveWithoutStream: readBoolean,
  breaker: readBreaker,
  method: readMethods,
  balancer: readOneOf(["p2c", "wrr"]),
  outlierDetection: readOutlierDetection,
  retry: readRetry,
  serviceConfig: readServiceConfig,
} satisfies Record<keyof WardenClientConfig, ReadField<unknown>>;

function noBound(timeoutMs: number | undefined): number | undefined {
  return timeoutMs === 0 ? Infinity : timeoutMs;
}
