import { experimental, type ServiceConfig } from "@grpc/grpc-js";
import { P2C_POLICY, WRR_POLICY } from "../balancer/policies";
import type { BalancerName } from "./target";

type Json = Readonly<Record<string, unknown>>;

/** How grpc's A50 takes servers out that fail too often. Durations in ms, shares in per cent; see grpc's A50. */
export interface OutlierDetection {
  /** How often servers are judged. Default 10 s. */
  readonly intervalMs?: number;
  /** How long one is out the first time; each further time adds as much. Default 30 s. */
  readonly baseEjectionMs?: number;
  /** Default 5 min. */
  readonly maxEjectionMs?: number;
  /** At most this share of the servers is out at a time, but always one. Default 10. */
  readonly maxEjectionPercent?: number;
  /** Out goes who fails more than `threshold` per cent (default 85) of at least `requestVolume` calls (50). */
  readonly failurePercentage?: {
    readonly threshold?: number;
    readonly enforcementPercentage?: number;
    readonly minimumHosts?: number;
    readonly requestVolume?: number;
  };
  /** Out goes who succeeds less often than the others: below the mean minus `stdevFactor` thousandths of deviation. */
  readonly successRate?: {
    readonly stdevFactor?: number;
    readonly enforcementPercentage?: number;
    readonly minimumHosts?: number;
    readonly requestVolume?: number;
  };
}

export interface ServiceConfigOptions {
  /** Default p2c. */
  readonly balancer?: BalancerName;
  /** True: A50's defaults, by failure percentage and by success rate. Default: none. */
  readonly outlierDetection?: OutlierDetection | true;
  /** As in grpc's service config: retryPolicy, timeout and so on by method. */
  readonly methodConfig?: readonly object[];
  /** As in grpc's service config. */
  readonly retryThrottling?: { readonly maxTokens: number; readonly tokenRatio: number };
}

/**
 * A service config for the channel option `grpc.service_config`, which takes it as JSON text:
 * `{ "grpc.service_config": JSON.stringify(buildServiceConfig({ outlierDetection: true })) }`.
 */
export function buildServiceConfig(options: ServiceConfigOptions = {}): object {
  const { balancer = "p2c", outlierDetection, methodConfig = [], retryThrottling } = options;
  const policy = policyOf(balancer);
  return {
    loadBalancingConfig: [
      outlierDetection === undefined ? policy : withOutlierDetection(policy, outlierDetection),
    ],
    methodConfig,
    ...(retryThrottling === undefined ? {} : { retryThrottling }),
  };
}

/**
 * What a resolver answers with each list: the channel's own service config (`grpc.service_config`, as JSON text),
 * and our balancer where that names none. grpc-js has checked the text when it made the channel.
 */
export function channelServiceConfig(
  text: string | undefined,
  balancer: BalancerName | undefined,
): ServiceConfig {
  const own = (text === undefined ? {} : JSON.parse(text)) as Json;
  const policies = (own["loadBalancingConfig"] ?? []) as ServiceConfig["loadBalancingConfig"];
  const methods = (own["methodConfig"] ?? []) as Json[];
  return {
    ...own,
    loadBalancingConfig: policies.length > 0 ? policies : [policyOf(balancer ?? "p2c")],
    methodConfig: methods.map(withTimeout) as unknown as ServiceConfig["methodConfig"],
  };
}

function policyOf(balancer: BalancerName): { [name: string]: object } {
  return { [balancer === "p2c" ? P2C_POLICY : WRR_POLICY]: {} };
}

// Text is what users write, an object what grpc-js works with. Its own conversion reads "0.5s" as 5 ns.
function withTimeout(method: Json): Json {
  const timeout = method["timeout"];
  return typeof timeout === "string" ? { ...method, timeout: experimental.parseDuration(timeout) } : method;
}

function withOutlierDetection(policy: { [name: string]: object }, options: OutlierDetection | true): object {
  const own = options === true ? { failurePercentage: {}, successRate: {} } : options;
  return {
    outlier_detection: {
      ...optional("interval", duration(own.intervalMs)),
      ...optional("base_ejection_time", duration(own.baseEjectionMs)),
      ...optional("max_ejection_time", duration(own.maxEjectionMs)),
      ...optional("max_ejection_percent", own.maxEjectionPercent),
      ...optional("failure_percentage_ejection", snakeCase(own.failurePercentage)),
      ...optional("success_rate_ejection", snakeCase(own.successRate)),
      child_policy: [policy],
    },
  };
}

function duration(ms: number | undefined): experimental.Duration | undefined {
  return ms === undefined
    ? undefined
    : { seconds: Math.floor(ms / 1_000), nanos: Math.round((ms % 1_000) * 1e6) };
}

function snakeCase(fields: Readonly<Record<string, number | undefined>> | undefined): object | undefined {
  return (
    fields &&
    Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
        value,
      ]),
    )
  );
}

function optional(key: string, value: unknown): object {
  return value === undefined ? {} : { [key]: value };
}
