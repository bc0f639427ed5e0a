import { CodedError, badParameter, showValue } from "./coded-error";
import { codes } from "./codes";
import type { ReadTimestamp } from "./parse-exact";
import { timestampFrom, type Timestamp } from "./timestamp";

/** Up: takes traffic. */
export const STATUS_UP = 1;
/** Waiting: registered, but takes no traffic. */
export const STATUS_WAITING = 2;

export type Status = typeof STATUS_UP | typeof STATUS_WAITING;

/** String to string, in order of key. A Map, because keys such as `__proto__` are data. */
export type Metadata = ReadonlyMap<string, string>;

/** What identifies an instance. */
export interface InstanceKey {
  readonly env: string;
  readonly appid: string;
  readonly zone: string;
  readonly hostname: string;
}

/** One running copy of an app, as consumers use it. */
export interface ListedInstance extends InstanceKey {
  readonly region: string;
  /** Where it listens, each `scheme://host:port` or `ip:port`. */
  readonly addrs: readonly string[];
  readonly version: string;
  readonly metadata: Metadata;
  readonly status: Status;
  /** Last change as consumers see it. */
  readonly latestTimestamp: Timestamp;
}

/** One running copy of an app. */
export interface Instance extends ListedInstance {
  /** Last register. */
  readonly regTimestamp: Timestamp;
  /** When it last became up. */
  readonly upTimestamp: Timestamp;
  /** Last heartbeat. */
  readonly renewTimestamp: Timestamp;
  /** Last change made by a client: the version that nodes compare. */
  readonly dirtyTimestamp: Timestamp;
}

/** How the clients of one zone spread over the zones: a share of `weight` over the sum of weights each. */
export interface ZoneStrategy {
  readonly zones: ReadonlyMap<string, { readonly weight: number }>;
}

/** Client zone to strategy. */
export interface Scheduler {
  readonly clients: ReadonlyMap<string, ZoneStrategy>;
}

/** An app as consumers see it: zone to instances, in order of hostname. */
export interface InstancesInfo<I extends ListedInstance = Instance> {
  readonly instances: ReadonlyMap<string, readonly I[]>;
  readonly scheduler?: Scheduler;
  /** The app's, over all zones. Never 0. */
  readonly latestTimestamp: Timestamp;
}

/** An instance as JSON text, in the wire's order of fields. */
export function encodeInstance(instance: Instance): string {
  const [head, tail] = encodeAroundRenew(instance);
  return head + instance.renewTimestamp + tail;
}

/**
 * The text before and after the value of `renew_timestamp`: the only field a heartbeat changes, so both
 * can be kept while the instance stays the same.
 */
export function encodeAroundRenew(instance: Instance): [head: string, tail: string] {
  // Joined, not added: V8 keeps a sum as a tree of its parts, which is walked anew each time the text is sent.
  const head = [
    `{"region":${JSON.stringify(instance.region)},"zone":${JSON.stringify(instance.zone)}`,
    `"env":${JSON.stringify(instance.env)},"appid":${JSON.stringify(instance.appid)}`,
    `"hostname":${JSON.stringify(instance.hostname)},"addrs":${JSON.stringify(instance.addrs)}`,
    `"version":${JSON.stringify(instance.version)},"metadata":${encodeMetadata(instance.metadata)}`,
    `"status":${instance.status},"reg_timestamp":${instance.regTimestamp}`,
    `"up_timestamp":${instance.upTimestamp},"renew_timestamp":`,
  ];
  const tail = [
    "",
    `"dirty_timestamp":${instance.dirtyTimestamp}`,
    `"latest_timestamp":${instance.latestTimestamp}}`,
  ];
  return [head.join(","), tail.join(",")];
}

/** Metadata as a JSON object, in the map's order. */
export function encodeMetadata(metadata: Metadata): string {
  let text = "";
  for (const [key, value] of metadata) {
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${JSON.stringify(value)}`;
  }
  return `{${text}}`;
}

export function encodeScheduler(scheduler: Scheduler): string {
  const clients = [...scheduler.clients].map(([client, { zones }]) => {
    const shares = [...zones].map(([zone, { weight }]) => `${JSON.stringify(zone)}:{"weight":${weight}}`);
    return `${JSON.stringify(client)}:{"zones":{${shares.join(",")}}}`;
  });
  return `{"clients":{${clients.join(",")}}}`;
}

/** The metadata with these entries, in order of key; a later entry for a key replaces an earlier one. */
export function metadataOf(entries: Iterable<readonly [string, string]>): Metadata {
  const merged = new Map(entries);
  if (merged.size < 2) return merged;
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * An instance from JSON that `parseWithTimestamps` has read, ours or the original's: metadata may be null, and
 * addresses may be joined by commas. Throws a CodedError (-400) that names the field.
 */
export function decodeInstance(value: unknown): Instance {
  const fields = asRecord(value, "instance");
  return {
    ...listedFrom(fields, timestampFrom),
    regTimestamp: timestampField(fields, "reg_timestamp"),
    upTimestamp: timestampField(fields, "up_timestamp"),
    renewTimestamp: timestampField(fields, "renew_timestamp"),
    dirtyTimestamp: timestampField(fields, "dirty_timestamp"),
  };
}

/** InstancesInfo from JSON that `parseWithTimestamps` has read. Throws a CodedError (-400) that names the field. */
export function decodeInstancesInfo(value: unknown): InstancesInfo {
  return infoFrom(value, decodeInstance, timestampFrom);
}

/**
 * The same with what consumers use: of an instance's timestamps the latest alone is looked at.
 *
 * @param timestampOf reads `latest_timestamp`, as `parseExact` gives it.
 */
export function decodeListedInfo(
  value: unknown,
  timestampOf: ReadTimestamp = timestampFrom,
): InstancesInfo<ListedInstance> {
  return infoFrom(value, (each) => listedFrom(asRecord(each, "instance"), timestampOf), timestampOf);
}

function infoFrom<I extends ListedInstance>(
  value: unknown,
  decode: (value: unknown) => I,
  timestampOf: ReadTimestamp,
): InstancesInfo<I> {
  const fields = asRecord(value, "instances info");
  // An empty map or list of Go's may be null.
  const zones = Object.entries(asRecord(fields["instances"] ?? {}, "instances"));
  const info = {
    instances: new Map(
      zones.map(([zone, list]) => [zone, asList(list ?? [], `instances.${zone}`).map(decode)]),
    ),
    latestTimestamp: timestampField(fields, "latest_timestamp", timestampOf),
  };
  const scheduler = fields["scheduler"];
  return scheduler == null ? info : { ...info, scheduler: decodeScheduler(scheduler) };
}

function listedFrom(fields: Readonly<Record<string, unknown>>, timestampOf: ReadTimestamp): ListedInstance {
  return {
    region: textField(fields, "region"),
    zone: textField(fields, "zone"),
    env: textField(fields, "env"),
    appid: textField(fields, "appid"),
    hostname: textField(fields, "hostname"),
    addrs: addrsField(fields),
    version: textField(fields, "version"),
    metadata: decodeMetadata(fields["metadata"]),
    status: decodeStatus(fields["status"]),
    latestTimestamp: timestampField(fields, "latest_timestamp", timestampOf),
  };
}

/** A scheduler from parsed JSON. Throws a CodedError (-400) that names the field. */
export function decodeScheduler(value: unknown): Scheduler {
  const clients = asRecord(asRecord(value, "scheduler")["clients"] ?? {}, "scheduler.clients");
  return {
    clients: new Map(
      Object.entries(clients).map(([client, strategy]) => [client, decodeStrategy(strategy, client)]),
    ),
  };
}

function decodeStrategy(value: unknown, client: string): ZoneStrategy {
  const name = `scheduler.clients.${client}.zones`;
  const zones = asRecord(asRecord(value, name)["zones"] ?? {}, name);
  return {
    zones: new Map(
      Object.entries(zones).map(([zone, share]) => {
        const weight = asRecord(share, `${name}.${zone}`)["weight"];
        if (typeof weight !== "number" || !Number.isInteger(weight) || weight < 0) {
          throw badParameter(`${name}.${zone}.weight`, weight, "a whole number from 0 up");
        }
        return [zone, { weight }];
      }),
    ),
  };
}

function decodeStatus(value: unknown): Status {
  if (value === STATUS_UP || value === STATUS_WAITING) return value;
  throw badParameter("status", value, "1 (up) or 2 (waiting)");
}

function decodeMetadata(value: unknown): Metadata {
  if (value == null) return new Map();
  const entries = Object.entries(asRecord(value, "metadata"));
  return metadataOf(
    entries.map(([key, v]) => [key, typeof v === "string" ? v : v == null ? "" : nestedText(key, v)]),
  );
}

function nestedText(key: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new CodedError(codes.badRequest, `metadata.${key} is nested too deep`, { cause });
  }
}

function addrsField(fields: Readonly<Record<string, unknown>>): string[] {
  const list = asList(fields["addrs"] ?? [], "addrs");
  return list.flatMap((addr) => {
    if (typeof addr !== "string") throw badParameter("addrs", addr, "a list of strings");
    return addr.split(",").filter((part) => part !== "");
  });
}

function textField(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name] ?? "";
  if (typeof value === "string") return value;
  throw badParameter(name, value, "a string");
}

function timestampField(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  timestampOf: ReadTimestamp = timestampFrom,
): Timestamp {
  const timestamp = timestampOf(fields[name] ?? 0);
  if (timestamp !== undefined) return timestamp;
  throw badParameter(name, fields[name], "an int64");
}

/** Only for reading fields that we name: keys that come from the wire go through `Object.entries`. */
function asRecord(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new CodedError(codes.badRequest, `${name} is not a JSON object: ${showValue(value)}`);
}

function asList(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new CodedError(codes.badRequest, `${name} is not a JSON array: ${showValue(value)}`);
}
