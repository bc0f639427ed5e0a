import { hostname } from "node:os";
import { RENEW_INTERVAL_MS } from "@discoveryd/protocol";
import { parseDurationMs } from "@discoveryd/runtime";

/** Where the registry is, and where this process is. What is left out comes from flags, then the environment. */
export interface DiscoveryConfig {
  /** The registry's nodes, `host:port` each. `DISCOVERY_NODES`, `-discovery.nodes`, separated by commas. */
  readonly nodes?: readonly string[];
  /** `REGION`, `-region`. Default region01. */
  readonly region?: string;
  /** `ZONE`, `-zone`. Default zone01. */
  readonly zone?: string;
  /** `DEPLOY_ENV`, `-deploy.env`. Default dev. */
  readonly env?: string;
  /** What tells this machine's instances from others. `HOSTNAME`. Default: the machine's name. */
  readonly host?: string;
  /** Where the last known instances are kept for a start during an outage. Default: nowhere. */
  readonly snapshotFile?: string;
  /** At SIGTERM and SIGINT: cancel all registrations, then let the signal take its course. Default false. */
  readonly cancelOnSignals?: boolean;
  /**
   * How often a registration is renewed, in milliseconds: 1,000 to 300,000. Default 30,000, a third of a registry's
   * lease of 90 s. With another `lease.ttl` at the registry, a third of that: then two renewals may fail in a row.
   * `DISCOVERY_RENEW_INTERVAL`, `-discovery.renew-interval`, as text such as `10s`.
   */
  readonly renewIntervalMs?: number;
}

const RENEW_FLAG = "discovery.renew-interval";
const RENEW_INTERVAL = `${RENEW_INTERVAL_MS}ms`;
const MIN_RENEW_INTERVAL_MS = 1_000;
const MAX_RENEW_INTERVAL_MS = 300_000;

/** A configuration with nothing left out. `nodes` are origins, such as `http://10.0.0.2:7171`. */
export interface ResolvedConfig extends Required<Omit<DiscoveryConfig, "snapshotFile">> {
  readonly snapshotFile?: string;
  readonly processId: number;
}

/** Where a configuration is read from besides the argument. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly argv: readonly string[];
}

/**
 * Completes a configuration: the argument's value, else the flag's, else the environment's, else the default. An empty
 * value counts as none. Throws an Error when there are no nodes, a node is no `host:port`, or the interval is
 * out of bounds.
 */
export function resolveConfig(
  config: DiscoveryConfig = {},
  { env, argv }: ConfigSources = { env: process.env, argv: process.argv.slice(2) },
): ResolvedConfig {
  const pick = (given: string | undefined, flag: string | undefined, name: string, fallback: string) =>
    given || (flag && flagValue(argv, flag)) || env[name] || fallback;
  checkNodes(config.nodes);
  const nodes = config.nodes ?? pick(undefined, "discovery.nodes", "DISCOVERY_NODES", "").split(",");
  const resolved = {
    nodes: nodes.map((node) => node.trim()).filter((node) => node !== ""),
    region: pick(config.region, "region", "REGION", "region01"),
    zone: pick(config.zone, "zone", "ZONE", "zone01"),
    env: pick(config.env, "deploy.env", "DEPLOY_ENV", "dev"),
    host: pick(config.host, undefined, "HOSTNAME", hostname()),
    ...(config.snapshotFile && { snapshotFile: config.snapshotFile }),
    cancelOnSignals: config.cancelOnSignals ?? false,
    processId: process.pid,
  };
  if (resolved.nodes.length === 0) throw invalid(resolved, "set DISCOVERY_NODES=host:port,… or pass nodes");
  const { renewIntervalMs = pick(undefined, RENEW_FLAG, "DISCOVERY_RENEW_INTERVAL", RENEW_INTERVAL) } =
    config;
  return {
    ...resolved,
    nodes: resolved.nodes.map((node) => originOf(node) ?? wrongNode(resolved, node)),
    renewIntervalMs: readInterval(resolved, renewIntervalMs),
  };
}

/** `http://host:port` of `host:port` or a URL; undefined when it is neither. A URL has its scheme's port by default. */
export function originOf(node: string): string | undefined {
  const isUrl = node.includes("://");
  if (!isUrl && !/:\d+$/.test(node)) return undefined;
  const text = isUrl ? node : `http://${node}`;
  if (!/^https?:\/\/[^/?#@\s]+\/?$/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text).origin;
}

/** The value of `-name=value`, `-name value`, or either with two dashes. */
function flagValue(argv: readonly string[], name: string): string | undefined {
  for (const [at, arg] of argv.entries()) {
    const [flag, value] = arg.split(/=(.*)/s, 2);
    if (flag !== `-${name}` && flag !== `--${name}`) continue;
    const following = argv[at + 1];
    return value ?? (following?.startsWith("-") ? undefined : following);
  }
  return undefined;
}

function readInterval(config: Shown, interval: number | string): number {
  const wrong = (why: string) => invalid(config, `renewIntervalMs: ${why}`);
  let ms: number;
  try {
    ms = parseDurationMs(interval);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  if (ms >= MIN_RENEW_INTERVAL_MS && ms <= MAX_RENEW_INTERVAL_MS) return ms;
  throw wrong(`${interval} is not between ${MIN_RENEW_INTERVAL_MS} and ${MAX_RENEW_INTERVAL_MS} ms`);
}

function checkNodes(nodes: unknown): void {
  if (nodes === undefined || (Array.isArray(nodes) && nodes.every((node) => typeof node === "string")))
    return;
  throw new Error(
    `invalid discovery config: nodes = ${JSON.stringify(nodes)} is not a list of texts, write nodes: ["host:port"]`,
  );
}

function wrongNode(config: Shown, node: string): never {
  throw invalid(config, `node ${JSON.stringify(node)} is not host:port or http://host:port`);
}

/** What an error shows of a configuration. */
type Shown = Pick<ResolvedConfig, "nodes" | "region" | "zone" | "env" | "host">;

function invalid({ nodes, region, zone, env, host }: Shown, why: string): Error {
  return new Error(
    `invalid discovery config nodes:[${nodes.join(" ")}] region:${region} zone:${zone} deployEnv:${env} host:${host}: ${why}`,
  );
}
