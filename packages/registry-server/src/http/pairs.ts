import { unescape } from "node:querystring";

/** A request's raw parameters: name to values, in order. A Map, because names come from the wire. */
export type RawParams = Map<string, string[]>;

/**
 * Adds the pairs of a query string or a form body. A body that is not percent-encoded is read as it is meant:
 * brpc sends `metadata={"weight": "10"}&addrs=grpc://1.2.3.4:80`.
 */
export function addPairs(text: string, params: RawParams): void {
  for (let at = 0; at < text.length;) {
    let end = endOfPair(text, at);
    const equals = text.indexOf("=", at);
    const middle = equals === -1 || equals > end ? end : equals;
    if (text[middle + 1] === "{") end = endOfRawJson(text, middle + 1, end);
    if (end > at) addValue(params, decode(text.slice(at, middle)), decode(text.slice(middle + 1, end)));
    at = end + 1;
  }
}

export function addValue(params: RawParams, name: string, value: string): void {
  const values = params.get(name);
  if (values) values.push(value);
  else params.set(name, [value]);
}

function endOfPair(text: string, at: number): number {
  const end = text.indexOf("&", at);
  return end === -1 ? text.length : end;
}

/** Where a JSON object ends that was not percent-encoded and may hold an ampersand; `first` when there is none. */
function endOfRawJson(text: string, start: number, first: number): number {
  for (let end = first; ; end = endOfPair(text, end + 1)) {
    if (isJson(text.slice(start, end))) return end;
    if (end >= text.length) return first;
  }
}

function isJson(text: string): boolean {
  if (!text.endsWith("}")) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // a value: the caller goes on with the next candidate
  }
}

function decode(text: string): string {
  // Whoever leaves a quote as it is encodes nothing: a plus or percent sign is meant as such.
  if (text.includes('"')) return text;
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  // Reads a malformed escape as it stands, where decodeURIComponent throws.
  return spaced.includes("%") ? unescape(spaced) : spaced;
}
