import { CodedError, codes, metadataOf, splitJsonObject, type Metadata } from "@discoveryd/protocol";
import { SecretValueError } from "./secret-value-error";

/**
 * Metadata as clients send it: a JSON object whose values become strings. A string stays as it is, a number or
 * boolean becomes its text, null the empty string, an array or object its JSON text. Empty text, `null` and `[]`
 * count as `{}`. Throws a CodedError (-400).
 */
export function parseMetadata(text: string, maxBytes: number): Metadata {
  checkSize(Buffer.byteLength(text), maxBytes);
  if (isNothing(text)) return new Map();
  const members = splitJsonObject(text);
  if (!members)
    throw new SecretValueError("metadata", text, 'must be a JSON object, for example {"weight":"10"}');
  return metadataOf(members.map(([key, raw]) => [key, valueText(raw)]));
}

function checkSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new CodedError(codes.badRequest, `parameter metadata: ${bytes} bytes, at most ${maxBytes}`);
}

function isNothing(text: string): boolean {
  const trimmed = text.trim();
  return trimmed === "" || trimmed === "null" || /^\[\s*\]$/.test(trimmed) || trimmed === "{}";
}

function valueText(raw: string): string {
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw === "null" ? "" : raw;
}
