import { isIP, isIPv6 } from "node:net";
import {
  CodedError,
  badParameter,
  codes,
  missingParameter,
  parseInt64,
  type Args,
  type ParamKind,
  type Route,
} from "@discoveryd/protocol";
import type { Limits } from "./limits";
import { parseMetadata } from "./metadata";
import type { RawParams } from "./pairs";

/** Turns a request's raw parameters into a route's arguments. Throws a CodedError (-400) that names what is wrong. */
export type Bind<R extends Route> = (raw: RawParams) => Args<R>;

type Reader = (name: string, values: readonly string[], limits: Limits) => unknown;

/** Makes the binder of a route, from its table of parameters. */
export function createBind<R extends Route>(route: R, limits: Limits): Bind<R> {
  const params = Object.entries(route.params).map(([name, { kind, required }]) => {
    return { name, required, read: readers[kind], absent: absent[kind] };
  });
  return (raw) => {
    const args: Record<string, unknown> = {};
    for (const { name, required, read, absent } of params) {
      const values = raw.get(name);
      const value = values && read(name, values, limits);
      const isAbsent = isMissing(value);
      if (isAbsent && required) throw missingParameter(name);
      args[name] = isAbsent ? absent : value;
    }
    return args as Args<R>;
  };
}

/** A required number may not be 0: to the original's clients a field left out and a 0 are the same. */
function isMissing(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || (Array.isArray(value) && value.length === 0);
}

const none: readonly never[] = [];

const absent: Readonly<Record<ParamKind, unknown>> = {
  text: undefined,
  texts: none,
  addrs: none,
  number: undefined,
  numbers: none,
  timestamp: undefined,
  timestamps: none,
  flag: false,
  metadata: undefined,
  metadatas: none,
};

const readers: Readonly<Record<ParamKind, Reader>> = {
  text: (name, [value = ""], limits) => readName(name, value, limits),
  texts: (name, values, limits) => splitCommas(values).map((value) => readName(name, value, limits)),
  addrs: readAddrs,
  number: (name, [value = ""]) => readNumber(name, value),
  numbers: (name, values) => splitCommas(values).map((value) => readNumber(name, value)),
  timestamp: (name, [value = ""]) => readInt64(name, value),
  timestamps: (name, values) => splitCommas(values).map((value) => readInt64(name, value)),
  flag: (_name, [value = ""]) => TRUE.has(value),
  metadata: (_name, [value = ""], limits) => parseMetadata(value, limits.maxMetadataBytes),
  metadatas: (_name, values, limits) => values.map((value) => parseMetadata(value, limits.maxMetadataBytes)),
};

const TRUE: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);

function splitCommas(values: readonly string[]): string[] {
  const parts: string[] = [];
  for (const value of values) {
    if (!value.includes(",")) {
      if (value !== "") parts.push(value);
      continue;
    }
    for (const part of value.split(",")) {
      if (part !== "") parts.push(part);
    }
  }
  return parts;
}

/** Control characters would break log lines; a comma separates the parts of keys and lists. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
export const NOT_IN_NAMES = /[\u0000-\u001f\u007f-\u009f,]/;

/** A text parameter as it is. Throws a CodedError (-400) when it is too long, or has what no name may have. */
export function readName(name: string, value: string, { maxNameBytes }: Limits): string {
  // A character is at most 3 bytes of UTF-8 for each of its UTF-16 units.
  if (value.length * 3 > maxNameBytes && Buffer.byteLength(value) > maxNameBytes) {
    throw badParameter(name, value, `at most ${maxNameBytes} bytes`);
  }
  if (NOT_IN_NAMES.test(value)) throw badParameter(name, value, "no control character and no comma allowed");
  return value;
}

function readInt64(name: string, value: string): bigint {
  const parsed = parseInt64(value);
  if (parsed === undefined) throw badParameter(name, value, "must be a decimal integer of at most 64 bits");
  return parsed;
}

function readNumber(name: string, value: string): number {
  const parsed = Number(readInt64(name, value));
  if (Number.isSafeInteger(parsed)) return parsed;
  throw badParameter(name, value, "out of range");
}

const ADDR_FORM = "must be scheme://host[:port] or ip:port, a port from 1 to 65535";

function readAddrs(name: string, values: readonly string[], { maxAddrs, maxAddrBytes }: Limits): string[] {
  const addrs = splitCommas(values);
  if (addrs.length > maxAddrs) {
    throw new CodedError(
      codes.badRequest,
      `parameter ${name}: ${addrs.length} addresses, at most ${maxAddrs}`,
    );
  }
  for (const addr of addrs) {
    if (Buffer.byteLength(addr) > maxAddrBytes)
      throw badParameter(name, addr, `at most ${maxAddrBytes} bytes`);
    if (!isAddr(addr)) throw badParameter(name, addr, ADDR_FORM);
  }
  return addrs;
}

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^\s\u0000-\u001f\u007f/?#]+)[^\s\u0000-\u001f\u007f]*$/; // eslint-disable-line no-control-regex -- they are excluded
const BARE = /^(?:([\d.]+)|\[([0-9A-Fa-f:.]+)\]):(.*)$/;

function isAddr(addr: string): boolean {
  const authority = ABSOLUTE.exec(addr)?.[1];
  if (authority !== undefined) return hasNoWrongPort(authority);
  const [, v4, v6, port = ""] = BARE.exec(addr) ?? [];
  return isIP(v4 ?? v6 ?? "") !== 0 && isPort(port);
}

/** What follows the last colon, but for one in brackets or before an `@`. */
const PORT = /:([^:\]@]*)$/;

/** Whether a `user@host:port` has no port, or one that can be. */
function hasNoWrongPort(authority: string): boolean {
  const port = PORT.exec(authority)?.[1];
  if (port === undefined || isPort(port)) return true;
  // Without brackets the end of an IPv6 address is no port: grpc://fe80::a.
  return isIPv6(authority.slice(authority.lastIndexOf("@") + 1));
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
