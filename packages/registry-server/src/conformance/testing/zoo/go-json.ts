import { isObject, parseExact, shown, type Json, type JsonObject } from "../exact-json";

/** An app as Go's clients keep it. */
export interface GoApp {
  /** Zone to the addresses of its instances. */
  readonly zones: ReadonlyMap<string, readonly (readonly string[])[]>;
  readonly lastTs: bigint;
}

/** An answer to `polls` as Go's clients read it; an app may be nil. */
export interface GoPolls {
  readonly code: number;
  readonly apps: ReadonlyMap<string, GoApp | undefined>;
}

/** Go's decoder gives up on the first value of a wrong type, and the client throws the whole answer away. */
export class GoDecodeError extends Error {}

/** The code of an answer. Throws a GoDecodeError. */
export function decodeCode(text: string): number {
  return integer(object(parse(text), "answer")["code"], "code");
}

/** An answer to `polls`. Throws a GoDecodeError. */
export function decodePolls(text: string): GoPolls {
  const answer = object(parse(text), "answer");
  const data = Object.entries(object(answer["data"] ?? {}, "data"));
  return {
    code: integer(answer["code"], "code"),
    apps: new Map(data.map(([appid, app]) => [appid, app === null ? undefined : decodeApp(app)])),
  };
}

/** The addresses in an answer to `nodes`. Throws a GoDecodeError. */
export function decodeNodes(text: string): string[] {
  return list(object(parse(text), "answer")["data"], "data").map((node) =>
    string(object(node, "node")["addr"], "addr"),
  );
}

function decodeApp(value: Json): GoApp {
  const app = object(value, "app");
  if (app["scheduler"] !== undefined) object(app["scheduler"], "scheduler");
  const zones = Object.entries(object(app["instances"], "instances"));
  return {
    zones: new Map(zones.map(([zone, instances]) => [zone, list(instances, zone).map(decodeInstance)])),
    lastTs: int64(app["latest_timestamp"], "latest_timestamp"),
  };
}

function decodeInstance(value: Json): string[] {
  const instance = object(value, "instance");
  for (const name of ["region", "zone", "env", "appid", "hostname", "version"]) string(instance[name], name);
  for (const [key, text] of Object.entries(object(instance["metadata"], "metadata"))) string(text, key);
  int64(instance["latest_timestamp"], "latest_timestamp");
  integer(instance["status"], "status");
  return list(instance["addrs"], "addrs").map((addr) => string(addr, "addrs"));
}

function parse(text: string): Json {
  try {
    return parseExact(text);
  } catch (error) {
    throw new GoDecodeError((error as Error).message);
  }
}

function object(value: Json | undefined, name: string): JsonObject {
  if (isObject(value)) return value;
  throw wrong(name, value, "a JSON object");
}

function list(value: Json | undefined, name: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  throw wrong(name, value, "a JSON array");
}

function string(value: Json | undefined, name: string): string {
  if (typeof value === "string") return value;
  throw wrong(name, value, "a string");
}

function integer(value: Json | undefined, name: string): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw wrong(name, value, "an integer");
}

function int64(value: Json | undefined, name: string): bigint {
  return typeof value === "bigint" ? value : BigInt(integer(value, name));
}

function wrong(name: string, value: Json | undefined, type: string): GoDecodeError {
  return new GoDecodeError(`${name} = ${shown(value)} is not ${type}`);
}
