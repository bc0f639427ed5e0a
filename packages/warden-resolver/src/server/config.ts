import { parseDurationMs } from "@discoveryd/runtime";
import { parseListenAddress, type ListenAddress } from "./listen-address";

/** Milliseconds as a number, or text such as `"250ms"` and `"1.5s"`. */
export type Duration = number | string;

/** Where and how a server listens. Every field but `grpc` may also be given in its query, and wins over it. */
export interface WardenServerConfig {
  /**
   * Where to listen: `tcp://0.0.0.0:9000/?timeout=1s`, or `unix:///run/demo.sock`. Port 0 takes a free one.
   * Default: the environment variable `GRPC`, else `tcp://0.0.0.0:9000`.
   */
  readonly grpc?: string;
  /** A unary call is answered within this, or sooner when its caller waits less. 0 is no bound. Default 1 s. */
  readonly timeout?: Duration;
  /** How long a closing server goes on serving after its registration is cancelled. Default 2 s. */
  readonly drain?: Duration;
  /** How long a closing server waits for the calls it still serves, after the drain. Default 20 s. */
  readonly grace?: Duration;
  /** A connection silent for this long is asked whether it still lives. 0 is never. Default 60 s. */
  readonly keepAliveInterval?: Duration;
  /** A connection that does not answer that within this is closed. Default 20 s. */
  readonly keepAliveTimeout?: Duration;
  /** A connection without calls for this long is closed. 0 is never. Default 0. */
  readonly idleTimeout?: Duration;
  /** A connection this old is closed after its calls, so that load spreads again. 0 is never. Default 0. */
  readonly maxLife?: Duration;
  /**
   * The address to register under. Default: the environment variable `GRPC_ADVERTISED_IP`, else the address listened
   * on, and where that is all of them the first IPv4 address of this machine that others can reach.
   */
  readonly advertisedIp?: string;
}

const DEFAULT_GRPC = "tcp://0.0.0.0:9000/?timeout=1s";

const defaultDurations = {
  timeout: 1_000,
  drain: 2_000,
  grace: 20_000,
  keepAliveInterval: 60_000,
  keepAliveTimeout: 20_000,
  idleTimeout: 0,
  maxLife: 0,
} as const satisfies Partial<Record<keyof WardenServerConfig, number>>;

type DurationName = keyof typeof defaultDurations;

/** A server's configuration, read and complete. Durations are in milliseconds. */
export interface ServerSettings extends Record<`${DurationName}Ms`, number> {
  readonly address: ListenAddress;
  readonly advertisedIp: string | undefined;
}

/** Reads a configuration. Throws an Error that names the key, its value and what is allowed. */
export function readServerConfig(
  config: WardenServerConfig = {},
  env: NodeJS.ProcessEnv = process.env,
): ServerSettings {
  checkKeys(config);
  const dsn = config.grpc ?? (env.GRPC || DEFAULT_GRPC);
  const { address, query } = parseListenAddress(dsn);
  const unknown = [...query.keys()].find((key) => !(key in defaultDurations));
  if (unknown !== undefined) {
    throw new Error(`grpc ${dsn}: ${unknown} is not known, use ${Object.keys(defaultDurations).join(", ")}`);
  }
  const duration = (name: DurationName): number =>
    readDuration(name, config[name] ?? query.get(name) ?? defaultDurations[name]);
  return {
    address,
    advertisedIp: config.advertisedIp ?? (env.GRPC_ADVERTISED_IP || undefined),
    timeoutMs: duration("timeout"),
    drainMs: duration("drain"),
    graceMs: duration("grace"),
    keepAliveIntervalMs: duration("keepAliveInterval"),
    keepAliveTimeoutMs: duration("keepAliveTimeout"),
    idleTimeoutMs: duration("idleTimeout"),
    maxLifeMs: duration("maxLife"),
  };
}

function checkKeys(config: object): void {
  const known = ["grpc", ...Object.keys(defaultDurations), "advertisedIp"];
  const unknown = Object.keys(config).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new Error(`server config ${unknown} is not known: use ${known.join(", ")}`);
}

function readDuration(name: string, value: Duration): number {
  try {
    return parseDurationMs(value);
  } catch (cause) {
    throw new Error(`server config ${name}: ${(cause as Error).message}`, { cause });
  }
}
