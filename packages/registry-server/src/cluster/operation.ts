import {
  CodedError,
  codes,
  decodeInstance,
  encodeInstance,
  parseWithTimestamps,
  showValue,
  timestampFrom,
  type Instance,
  type InstanceKey,
  type Timestamp,
} from "@discoveryd/protocol";
import type { Change } from "../registry/registry";
import type { StoredInstance } from "../registry/stored-instance";

/** The instance as it is now: from a register, a set, or to repair what a peer has. */
export interface Put {
  readonly kind: "put";
  readonly instance: Instance;
  /** How long it had been silent when this was made, in milliseconds: its lease goes on, it does not start again. */
  readonly silentMs: number;
  /** The set that made it so. A node of the original is sent the set itself, all its changes in one. */
  readonly set?: { readonly change: Change; readonly at: Timestamp; readonly group: object };
}

/** A heartbeat. */
export interface Renew {
  readonly kind: "renew";
  readonly key: InstanceKey;
  /** Empty from a node of ours: only one of the original is told it. */
  readonly region: string;
  /** The version that the sender has. */
  readonly dirty: Timestamp;
  /** How long ago it came, in milliseconds. */
  readonly silentMs: number;
}

/** The instance is gone. */
export interface Cancel {
  readonly kind: "cancel";
  readonly key: InstanceKey;
  readonly region: string;
  readonly at: Timestamp;
}

/** What changes an instance. The newest says all there is to say. */
export type News = Put | Cancel;

/** What one node tells another about one instance. */
export type Operation = News | Renew;

/** What a peer made of an operation: its code and, where it knows better, what it has. */
export interface Outcome {
  readonly code: number;
  /** With -409: the receiver's newer instance. */
  readonly instance?: Instance;
  /** With -409: the receiver knows that it was cancelled, at this timestamp. */
  readonly cancelledAt?: Timestamp;
}

/** The outcome of nearly all operations. */
export const HEARD: Outcome = { code: codes.ok };

export function keyOf(operation: Operation): InstanceKey {
  return operation.kind === "put" ? operation.instance : operation.key;
}

/** The instance as it stands, its last heartbeat with it. */
export function putOf(stored: StoredInstance, silentMs: number): Put {
  return { kind: "put", instance: { ...stored.instance, renewTimestamp: stored.renewTimestamp }, silentMs };
}

/** The instance was cancelled at this moment. */
export function cancelOf({ env, appid, zone, hostname, region }: Instance, at: Timestamp): Cancel {
  return { kind: "cancel", key: { env, appid, zone, hostname }, region, at };
}

/** What identifies an instance, as text. No part of a key holds a comma. */
export function keyText({ env, appid, zone, hostname }: InstanceKey): string {
  return `${env},${appid},${zone},${hostname}`;
}

/**
 * Operations as the JSON list that `POST /discovery/replicate` takes: an object each, but nearly all are heartbeats, and
 * those are short: `[env, appid, zone, hostname, version, silence]`.
 */
export function encodeOperations(operations: readonly Operation[]): string {
  return `[${operations.map(encodeOperation).join(",")}]`;
}

function encodeOperation(operation: Operation): string {
  if (operation.kind === "put") {
    return `{"op":"put","silent_ms":${operation.silentMs},"instance":${encodeInstance(operation.instance)}}`;
  }
  const { env, appid, zone, hostname } = operation.key;
  if (operation.kind === "renew") {
    return JSON.stringify([env, appid, zone, hostname, String(operation.dirty), operation.silentMs]);
  }
  return (
    `{"op":"cancel","env":${JSON.stringify(env)},"appid":${JSON.stringify(appid)},` +
    `"zone":${JSON.stringify(zone)},"hostname":${JSON.stringify(hostname)},` +
    `"region":${JSON.stringify(operation.region)},"latest_timestamp":${operation.at}}`
  );
}

/**
 * Reads what `encodeOperations` has written. Throws a CodedError (-400) when it is no list. An operation that cannot be
 * read is undefined, and leaves the others as they are: one bad apple must not keep a peer from ever being told anything.
 */
export function decodeOperations(text: string): (Operation | undefined)[] {
  return asList(parseJson(text)).map((value) => {
    try {
      return decodeOperation(value);
    } catch (error) {
      if (error instanceof CodedError) return undefined;
      throw error;
    }
  });
}

function decodeOperation(value: unknown): Operation {
  if (Array.isArray(value)) return decodeRenew(value as unknown[]);
  const fields = asFields(value);
  if (fields["op"] === "put") {
    return {
      kind: "put",
      instance: decodeInstance(fields["instance"]),
      silentMs: silentMsOf(fields["silent_ms"]),
    };
  }
  const key = {
    env: textOf(fields, "env"),
    appid: textOf(fields, "appid"),
    zone: textOf(fields, "zone"),
    hostname: textOf(fields, "hostname"),
  };
  const region = typeof fields["region"] === "string" ? fields["region"] : "";
  if (fields["op"] === "cancel")
    return { kind: "cancel", key, region, at: timestampOf(fields, "latest_timestamp") };
  throw malformed(`op = ${showValue(fields["op"])}: must be put or cancel`);
}

function decodeRenew([env, appid, zone, hostname, version, silence]: readonly unknown[]): Renew {
  const dirty = timestampFrom(version);
  if (!isName(env) || !isName(appid) || !isName(zone) || !isName(hostname) || dirty === undefined) {
    throw malformed("a heartbeat: must be [env, appid, zone, hostname, version, silence]");
  }
  const key = { env, appid, zone, hostname };
  return { kind: "renew", key, region: "", dirty, silentMs: silentMsOf(silence) };
}

/** Outcomes as JSON, in the order of the operations: a code, or an object where there is more to say. */
export function encodeOutcomes(outcomes: readonly Outcome[]): string {
  return `[${outcomes.map(encodeOutcome).join(",")}]`;
}

function encodeOutcome({ code, instance, cancelledAt }: Outcome): string {
  if (instance) return `{"code":${code},"instance":${encodeInstance(instance)}}`;
  return cancelledAt === undefined ? String(code) : `{"code":${code},"cancelled_timestamp":${cancelledAt}}`;
}

/** Outcomes from parsed JSON. Throws a CodedError (-400). */
export function decodeOutcomes(value: unknown): Outcome[] {
  return asList(value).map((item) => {
    if (typeof item === "number") return item === codes.ok ? HEARD : { code: item };
    const { code, instance, cancelled_timestamp: cancelled } = asFields(item);
    if (typeof code !== "number") throw malformed("an outcome without a code");
    const cancelledAt = cancelled === undefined ? undefined : timestampFrom(cancelled);
    return {
      code,
      ...(instance === undefined ? {} : { instance: decodeInstance(instance) }),
      ...(cancelledAt === undefined ? {} : { cancelledAt }),
    };
  });
}

/** JSON with exact timestamps. Throws a CodedError (-400). */
export function parseJson(text: string): unknown {
  try {
    return parseWithTimestamps(text);
  } catch (error) {
    throw malformed("not JSON", error);
  }
}

export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw malformed("not a JSON list");
}

/** A list of texts. */
export function asTexts(value: unknown): readonly string[] {
  return asList(value).map((item) => {
    if (typeof item === "string") return item;
    throw malformed(`${showValue(item)} in a list of texts`);
  });
}

export function asFields(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw malformed("not a JSON object");
}

export function malformed(what: string, cause?: unknown): CodedError {
  return new CodedError(codes.badRequest, `from a peer: ${what}`, { cause });
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (isName(value)) return value;
  throw malformed(`${name} = ${showValue(value)}: must be text`);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function timestampOf(fields: Readonly<Record<string, unknown>>, name: string): Timestamp {
  const value = timestampFrom(fields[name]);
  if (value !== undefined) return value;
  throw malformed(`${name} = ${showValue(fields[name])}: must be an int64`);
}

/** Milliseconds of silence; anything that is none is 0. */
export function silentMsOf(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}
