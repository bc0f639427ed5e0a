import { badParameter, metadataOf, splitJsonObject, type Metadata } from "@discoveryd/protocol";

/**
 * Metadata as clients send it: a JSON object whose values become strings. A string stays as it is, a number or
 * boolean becomes its text, null the empty string, an array or object its JSON text. Empty text, `null` and `[]`
 * count as `{}`. Throws a CodedError (-400).
 */
export function parseMetadata(text: string, maxBytes: number): Metadata {
  if (Buffer.byteLength(text) > maxBytes) {
    throw badParameter("metadata", `${Buffer.byteLength(text)} bytes`, `at most ${maxBytes} bytes`);
  }
  if (isNothing(text)) return new Map();
  const members = splitJsonObject(text);
  if (!members) throw badParameter("metadata", text, 'must be a JSON object, for example {"weight":"10"}');
  return metadataOf(members.map(([key, raw]) => [key, valueText(raw)]));
}

function isNothing(text: string): boolean {
  const trimmed = text.trim();
  return trimmed === "" || trimmed === "null" || /^\[\s*\]$/.test(trimmed) || trimmed === "{}";
}

function valueText(raw: string): string {
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw === "null" ? "" : raw;
}
