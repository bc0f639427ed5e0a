import type { Timestamp } from "./timestamp";

/**
 * How a parameter is read.
 *
 * | kind | value |
 * | --- | --- |
 * | text | a string of at most 255 bytes, no control character, no comma |
 * | texts | several of those: repeated, or joined by commas |
 * | addrs | 1 to 32 addresses: repeated, or joined by commas |
 * | number | a small integer |
 * | numbers | several: repeated, or joined by commas |
 * | timestamp | an int64, exact |
 * | timestamps | several: repeated, or joined by commas |
 * | flag | `1 t T true TRUE True` are true, everything else false |
 * | metadata | a JSON object whose values become strings |
 * | metadatas | several JSON objects, never split on commas |
 */
export type ParamKind = keyof ParamValues;

interface ParamValues {
  text: string;
  texts: readonly string[];
  addrs: readonly string[];
  number: number;
  numbers: readonly number[];
  timestamp: Timestamp;
  timestamps: readonly Timestamp[];
  flag: boolean;
  metadata: ReadonlyMap<string, string>;
  metadatas: readonly ReadonlyMap<string, string>[];
}

export interface Param<K extends ParamKind = ParamKind, R extends boolean = boolean> {
  readonly kind: K;
  /** An absent, empty (or, for a number, zero) value is -400. */
  readonly required: R;
  /** Sent by nodes of the registry only. */
  readonly fromPeer: boolean;
  /** What it means, for docs/protocol.md. */
  readonly doc: string;
}

export type Params = Readonly<Record<string, Param>>;

export interface Route<P extends Params = Params> {
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly params: P;
  /** The body is JSON for the handler to read; parameters come in the query alone. */
  readonly body?: "json";
  /** Only between nodes of ours: a body may be as long as a batch of the largest instances. */
  readonly fromPeers?: true;
  /** What it does, for docs/protocol.md. */
  readonly doc: string;
  /** The codes it can answer beside 0, -400 and -500. */
  readonly codes: readonly number[];
  /** A read: answered -503 while the node is protected. */
  readonly read: boolean;
}

/**
 * A route's arguments, by their names on the wire. Optional ones are undefined when absent, but for lists (empty)
 * and flags (false).
 */
export type Args<R extends Route> = {
  readonly [N in keyof R["params"]]: ValueOf<R["params"][N]>;
};

type ValueOf<P> =
  P extends Param<infer K, infer R>
    ? K extends "flag" | "texts" | "addrs" | "numbers" | "timestamps" | "metadatas"
      ? ParamValues[K]
      : R extends true
        ? ParamValues[K]
        : ParamValues[K] | undefined
    : never;

function required<K extends ParamKind>(kind: K, doc: string): Param<K, true> {
  return { kind, required: true, fromPeer: false, doc };
}

function optional<K extends ParamKind>(kind: K, doc: string): Param<K, false> {
  return { kind, required: false, fromPeer: false, doc };
}

function fromPeer<K extends ParamKind>(kind: K, doc: string): Param<K, false> {
  return { kind, required: false, fromPeer: true, doc };
}

const zone = required("text", "the instance's zone");
const env = required("text", "the instance's environment, such as dev or prod");
const appid = required("text", "the app");
const appids = required("texts", "the apps, at most 1,000");
const hostname = required("text", "the instance's host name, unique in its app, env and zone");
const onlyZone = optional("text", "only instances of this zone");
const region = optional("text", "the region, kept and shown");
const shape = optional("text", "`flat`: instances as one list, as brpc reads them");
const caller = optional("text", "the caller's own host name; kept for the log");
const status = required("number", "bit mask of the states wanted: 1 up, 2 waiting, 3 both");
const replication = fromPeer("flag", "a peer of the same zone passes this on: do not pass it on again");
const fromZone = fromPeer("flag", "comes from a node: do not pass it on to other zones");
const empty = optional("flag", "answer an app without instances, instead of waiting on");

const register = {
  name: "register",
  method: "POST",
  path: "/discovery/register",
  doc: "Creates or replaces an instance, and starts its lease. -404, to a node only: it was cancelled since.",
  codes: [-404],
  read: false,
  params: {
    zone,
    env,
    appid,
    hostname,
    status: required("number", "1 up, 2 waiting"),
    addrs: required("addrs", "where it listens: 1 to 32 of `scheme://host:port` or `ip:port`"),
    region,
    version: optional("text", "the version, kept and shown"),
    metadata: optional("metadata", "string to string, at most 16 KiB of JSON"),
    color: optional("text", "stored as `metadata.color`"),
    replication,
    from_zone: fromZone,
    latest_timestamp: fromPeer("timestamp", "when the change was made; absent or 0 is now"),
    dirty_timestamp: fromPeer("timestamp", "the instance's version; absent or 0 is now"),
    reg_timestamp: fromPeer("timestamp", "when it registered; absent or 0 is now"),
  },
} as const satisfies Route;

const renew = {
  name: "renew",
  method: "POST",
  path: "/discovery/renew",
  doc: "A heartbeat. -404: unknown here, register again.",
  codes: [-404, -409],
  read: false,
  params: {
    zone,
    env,
    appid,
    hostname,
    region,
    replication,
    from_zone: fromZone,
    dirty_timestamp: fromPeer("timestamp", "the version the sender has"),
  },
} as const satisfies Route;

const renews = {
  name: "renews",
  method: "POST",
  path: "/discovery/renews",
  doc: "Heartbeats of many instances: a JSON list of their keys. Answers a list of codes in that order, -404: register it again.",
  codes: [],
  read: false,
  body: "json",
  params: {},
} as const satisfies Route;

const cancel = {
  name: "cancel",
  method: "POST",
  path: "/discovery/cancel",
  doc: "Removes an instance and tells whoever watches its app.",
  codes: [-404],
  read: false,
  params: {
    zone,
    env,
    appid,
    hostname,
    region,
    replication,
    from_zone: fromZone,
    latest_timestamp: fromPeer("timestamp", "when it was cancelled; absent or 0 is now"),
  },
} as const satisfies Route;

const set = {
  name: "set",
  method: "POST",
  path: "/discovery/set",
  doc: "Changes status, metadata or color of several instances of an app: all of them, or none.",
  codes: [-404],
  read: false,
  params: {
    zone,
    env,
    appid,
    hostname: required("texts", "the host names to change"),
    region,
    status: optional("numbers", "1 or 2 each: none, or as many as host names"),
    metadata: optional("metadatas", "merged over what is there: none, or as many as host names"),
    color: optional("texts", "stored as `metadata.color`: none, or as many as host names"),
    replication,
    from_zone: fromZone,
    set_timestamp: fromPeer("timestamp", "when the change was made; absent or 0 is now"),
  },
} as const satisfies Route;

const fetch = {
  name: "fetch",
  method: "GET",
  path: "/discovery/fetch",
  doc: "One app. -404 when it, or the zone asked for, has no instance at all.",
  codes: [-404, -503],
  read: true,
  params: { env, appid, status, zone: onlyZone, shape },
} as const satisfies Route;

const fetchs = {
  name: "fetchs",
  method: "GET",
  path: "/discovery/fetchs",
  doc: "Several apps. Those that do not exist are left out.",
  codes: [-503],
  read: true,
  params: { env, appid: appids, status, zone: onlyZone, shape },
} as const satisfies Route;

const fetchAll = {
  name: "fetch/all",
  method: "GET",
  path: "/discovery/fetch/all",
  doc: "Every instance, by app id, over all envs and zones. Nodes sync with it.",
  codes: [-503],
  read: true,
  params: {},
} as const satisfies Route;

const poll = {
  name: "poll",
  method: "GET",
  path: "/discovery/poll",
  doc: "As `polls`, for one app; -404 at once when it does not exist.",
  codes: [-304, -404, -503],
  read: true,
  params: {
    env,
    appid,
    zone: onlyZone,
    hostname: caller,
    latest_timestamp: optional("timestamp", "the app's timestamp that the caller has; absent is 0"),
    empty,
    shape,
  },
} as const satisfies Route;

const polls = {
  name: "polls",
  method: "GET",
  path: "/discovery/polls",
  doc: "Answers the apps newer than the caller's timestamps, or waits for the first change, at most 30 s: then -304.",
  codes: [-304, -503],
  read: true,
  params: {
    env,
    appid: appids,
    zone: onlyZone,
    hostname: caller,
    latest_timestamp: optional("timestamps", "the timestamps that the caller has: as many as appids"),
    empty,
    shape,
  },
} as const satisfies Route;

const nodes = {
  name: "nodes",
  method: "GET",
  path: "/discovery/nodes",
  doc: "The registry's nodes of this zone: status 0 is up, 1 is lost.",
  codes: [-503],
  read: true,
  params: {},
} as const satisfies Route;

const replicate = {
  name: "replicate",
  method: "POST",
  path: "/discovery/replicate",
  doc: "Between nodes: a JSON list of operations, in order. Answers a list of codes and, with -409, what is newer here.",
  codes: [],
  read: false,
  body: "json",
  fromPeers: true,
  params: { replication, from_zone: fromZone },
} as const satisfies Route;

const digests = {
  name: "digests",
  method: "POST",
  path: "/discovery/digests",
  doc: "Between nodes: a JSON list of one digest a bucket. Answers the digests of the apps in buckets that differ.",
  codes: [],
  read: false,
  body: "json",
  fromPeers: true,
  params: {},
} as const satisfies Route;

const exchange = {
  name: "exchange",
  method: "POST",
  path: "/discovery/exchange",
  doc: "Between nodes: a JSON list of apps with their instances. Takes what is newer, answers with what is here.",
  codes: [],
  read: false,
  body: "json",
  fromPeers: true,
  params: {},
} as const satisfies Route;

/** Every route of the registry: drives the server's parser, the peer client, the SDK and docs/protocol.md. */
export const routes = {
  register,
  renew,
  renews,
  cancel,
  set,
  fetch,
  fetchs,
  fetchAll,
  poll,
  polls,
  nodes,
  replicate,
  digests,
  exchange,
} as const;

export type RouteName = keyof typeof routes;
