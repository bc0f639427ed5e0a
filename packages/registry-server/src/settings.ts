import { DEFAULT_NODE, MAX_RENEWALS } from "@discoveryd/protocol";
import { parseDurationMs } from "@discoveryd/runtime";
import { z } from "zod";
import { NOT_IN_NAMES } from "./http/params";

/** How a setting's value is read, from the file (typed) as from environment and flags (text). */
interface Kind<T> {
  readonly schema: z.ZodType<T>;
  /** What is allowed, for the message about what is not. */
  readonly allowed: string;
}

export interface Setting<T = unknown> {
  /** Its name in the file, `table.key`; letters' case does not matter. `--name` is also its flag. */
  readonly key: string;
  readonly kind: Kind<T>;
  readonly default: T;
  /** Environment variables that set it beside `DISCOVERYD_<KEY>`. */
  readonly env?: readonly string[];
  /** Flags that set it beside `--<key>`. */
  readonly flags?: readonly string[];
  /** What it does and when to change it, for docs/operations.md. */
  readonly doc: string;
}

const text: Kind<string> = { schema: z.string(), allowed: "text" };

const nameOrNone: Kind<string> = {
  schema: z.string().refine((value) => Buffer.byteLength(value) <= 255 && !NOT_IN_NAMES.test(value)),
  allowed: "a name of at most 255 bytes, without commas and control characters",
};

const name: Kind<string> = {
  schema: nameOrNone.schema.refine((value) => value !== ""),
  allowed: "a name of 1 to 255 bytes, without commas and control characters",
};

const flag: Kind<boolean> = { schema: z.union([z.boolean(), z.stringbool()]), allowed: "true or false" };

const address: Kind<string> = {
  // The original's own example listens on "0.0.0.0:7171"; ":7171" is all addresses, as in Go.
  schema: z
    .string()
    .regex(/^(\[[0-9a-fA-F:.]+\]|[^\s:/,]*):\d{1,5}$/)
    .refine((value) => Number(value.slice(value.lastIndexOf(":") + 1)) <= 65_535),
  allowed: 'host:port, for example "127.0.0.1:7171"',
};

const addresses: Kind<readonly string[]> = {
  schema: z.preprocess(splitCommas, z.array(address.schema).min(1)),
  allowed: 'a list of host:port, for example "10.0.0.1:7171,10.0.0.2:7171"',
};

const zones: Kind<ReadonlyMap<string, readonly string[]>> = {
  schema: z.preprocess(splitZones, z.map(name.schema, z.array(address.schema))),
  allowed:
    'nodes by zone, for example sh002 = ["10.2.0.10:7171"], or as text "sh002=10.2.0.10:7171,10.2.0.11:7171;…"',
};

const durationMs: Kind<number> = {
  schema: z.preprocess(readDuration, z.number().positive()),
  allowed: 'a duration above 0, for example "90s", "1m30s" or 1500 (milliseconds)',
};

const count: Kind<number> = {
  schema: z.preprocess(readNumber, z.number().int().min(0)),
  allowed: "a whole number from 0 up",
};

const share: Kind<number> = {
  schema: z.preprocess(readNumber, z.number().min(0).max(1)),
  allowed: "a number from 0 to 1",
};

const level: Kind<string> = {
  schema: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]),
  allowed: "trace, debug, info, warn, error, fatal or silent",
};

function setting<T>(
  key: string,
  kind: Kind<T>,
  initial: T,
  doc: string,
  names: { env?: readonly string[]; flags?: readonly string[] } = {},
): Setting<T> {
  return { key, kind, default: initial, doc, ...names };
}

/** Every setting of discoveryd: drives the parser and docs/operations.md. Keys of the original keep their names. */
export const settings = {
  nodes: setting(
    "nodes",
    addresses,
    [DEFAULT_NODE],
    "The nodes of the own zone, this one among them; this one alone when left out.",
    {
      env: ["DISCOVERY_NODES"],
    },
  ),
  enableProtect: setting(
    "enableprotect",
    flag,
    false,
    "Answer reads with -503 until the first sync from a peer, at most 60 s. For clusters that must not show an empty registry.",
  ),
  region: setting("env.region", name, "region01", "The region of this node.", {
    env: ["REGION"],
    flags: ["region"],
  }),
  zone: setting("env.zone", name, "zone01", "The zone of this node.", { env: ["ZONE"], flags: ["zone"] }),
  host: setting("env.host", nameOrNone, "", "The name of this node; the machine's name when empty.", {
    env: ["HOSTNAME"],
    flags: ["hostname", "host"],
  }),
  deployEnv: setting("env.deployenv", name, "dev", "The env under which this node registers itself.", {
    env: ["DEPLOY_ENV"],
    flags: ["deploy.env"],
  }),
  zones: setting("zones", zones, new Map<string, readonly string[]>(), "The nodes of other zones."),
  addr: setting("httpserver.addr", address, DEFAULT_NODE, "Where it listens. Port 0 takes a free one."),
  serverTimeoutMs: setting(
    "httpserver.timeout",
    durationMs,
    40_000,
    "The longest an answer may take: long polls end before it.",
  ),
  maxConnections: setting(
    "httpserver.maxconnections",
    count,
    50_000,
    "Connections beyond this are closed at once and counted. Keep it under the limit of open files.",
  ),
  dialMs: setting("httpclient.dial", durationMs, 1_000, "The longest that connecting to a peer may take."),
  keepAliveMs: setting(
    "httpclient.keepalive",
    durationMs,
    120_000,
    "How long an idle connection to a peer is kept.",
  ),
  clientTimeoutMs: setting(
    "httpclient.timeout",
    durationMs,
    40_000,
    "The longest a request to a peer may take.",
  ),
  logStdout: setting("log.stdout", flag, true, "Log to the standard output."),
  logDir: setting("log.dir", text, "", "Log to discoveryd.log in this directory, too, when it is not empty."),
  logLevel: setting("log.level", level, "info", "What is logged: heartbeats and reads only at debug."),
  leaseTtlMs: setting(
    "lease.ttl",
    durationMs,
    90_000,
    "An instance not renewed for this long is evicted. Three heartbeats of the clients.",
  ),
  leaseCeilingMs: setting(
    "lease.ceiling",
    durationMs,
    3_600_000,
    "An instance silent for this long is evicted even under self-preservation.",
  ),
  leaseKeepShare: setting(
    "lease.keepshare",
    share,
    0.85,
    "The evictions of a minute leave at least this share of the registry.",
  ),
  guardThreshold: setting(
    "guard.threshold",
    share,
    0.85,
    "Self-preservation begins when the renewals of a minute are under this share of those expected.",
  ),
  guardMinInstances: setting(
    "guard.mininstances",
    count,
    10,
    "With fewer instances expected to renew there is no self-preservation: a small installation drops its dead.",
  ),
  schedulerDir: setting(
    "scheduler.dir",
    text,
    "",
    "Where the zone scheduler's *.json files are; the configuration file's directory when empty.",
  ),
  maxNameBytes: setting(
    "limits.name",
    count,
    255,
    "The longest appid, zone, env, host name, region, version, in bytes.",
  ),
  maxAddrs: setting("limits.addrs", count, 32, "The most addresses of an instance."),
  maxAddrBytes: setting("limits.addr", count, 512, "The longest address, in bytes."),
  maxMetadataBytes: setting("limits.metadata", count, 16_384, "The longest metadata, in bytes of JSON."),
  maxAppids: setting("limits.appids", count, 1_000, "The most app ids in one polls or fetchs."),
  maxRenewals: setting("limits.renewals", count, MAX_RENEWALS, "The most instances in one renews."),
  maxHeaderBytes: setting(
    "limits.header",
    count,
    262_144,
    "The longest request line with headers, in bytes.",
  ),
  maxBodyBytes: setting("limits.body", count, 1_048_576, "The longest body of a request, in bytes."),
} as const;

export type SettingName = keyof typeof settings;

/** The value of every setting. */
export type Config = {
  readonly [N in SettingName]: (typeof settings)[N] extends Setting<infer T> ? T : never;
};

/** The environment variable that sets any setting: `DISCOVERYD_LEASE_TTL` for `lease.ttl`. */
export function envName({ key }: Pick<Setting, "key">): string {
  return `DISCOVERYD_${key.replaceAll(".", "_").toUpperCase()}`;
}

function splitCommas(value: unknown): unknown {
  return typeof value === "string" ? value.split(",").filter((part) => part !== "") : value;
}

function splitZones(value: unknown): unknown {
  if (typeof value === "string") {
    const parts = value.split(";").filter((part) => part.trim() !== "");
    const pairs = parts.map((part) => part.split("="));
    if (pairs.some((pair) => pair.length !== 2)) return undefined; // the message says what is allowed
    return new Map(pairs.map(([zone = "", nodes = ""]) => [zone.trim(), splitCommas(nodes)]));
  }
  if (typeof value === "object" && value !== null && !(value instanceof Map))
    return new Map(Object.entries(value));
  return value;
}

function readNumber(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function readDuration(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  try {
    return parseDurationMs(typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value);
  } catch {
    return undefined; // the message about the setting says what is allowed
  }
}
