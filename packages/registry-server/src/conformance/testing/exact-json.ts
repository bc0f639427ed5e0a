/** JSON as it stands on the wire: an integer of 16 digits or more is a bigint, so a timestamp keeps every digit. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** What no string on the wire begins with: it marks the integers that a double would round. */
const MARK = "\u0000";

/** Reads JSON exactly. A timestamp sent as a string stays a string, so a test can tell. Throws SyntaxError. */
export function parseExact(text: string): Json {
  const marked = text.replace(/(?<=[:,[])(-?\d{16,})(?=[,}\]])/g, `"\\u0000$1"`);
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? BigInt(value.slice(1)) : value,
  ) as Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One line for a person who reads a failing test. */
export function shown(value: Json | undefined): string {
  if (value === undefined) return "absent";
  return JSON.stringify(value, (_key, v: unknown) => (typeof v === "bigint" ? String(v) : v));
}
