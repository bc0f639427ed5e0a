/** So often may a value that begins like JSON be none: each costs a reading of all that follows. */
const RAW_JSON_TRIES = 8;

/** A request's raw parameters: name to values, in order. A Map, because names come from the wire. */
export type RawParams = Map<string, string[]>;

/**
 * Adds the pairs of a query string or a form body. A body that is not percent-encoded is read as it is meant:
 * brpc sends `metadata={"weight": "10"}&addrs=grpc://1.2.3.4:80`.
 */
export function addPairs(text: string, params: RawParams): void {
  if (NOT_PLAIN.test(text)) addEncodedPairs(text, params);
  else addPlainPairs(text, params);
}

/** The parameters of a query string. */
export function pairsOf(query: string): RawParams {
  const params: RawParams = new Map();
  addPairs(query, params);
  return params;
}

/** Without any of these every value stands as it is meant, as in nearly every heartbeat and poll. */
const NOT_PLAIN = /[%+"{]/;

function addPlainPairs(text: string, params: RawParams): void {
  let equals = text.indexOf("=");
  for (let at = 0; at < text.length;) {
    const end = endOfPair(text, at);
    // The next one, and no second look for one that is not there: a megabyte of "&" has none.
    if (equals !== -1 && equals < at) equals = text.indexOf("=", at);
    const middle = equals === -1 || equals > end ? end : equals;
    if (end > at) addValue(params, text.slice(at, middle), text.slice(middle + 1, end));
    at = end + 1;
  }
}

function addEncodedPairs(text: string, params: RawParams): void {
  let tries = RAW_JSON_TRIES;
  for (let at = 0; at < text.length;) {
    let end = endOfPair(text, at);
    const equals = text.slice(at, end).indexOf("=");
    const middle = equals === -1 ? end : at + equals;
    if (equals !== -1 && text[middle + 1] === "{" && tries > 0) {
      const closed = afterClosingBrace(text, middle + 1);
      if (isRawJson(text, middle + 1, closed)) end = closed;
      else tries--;
    }
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

/** The index after the brace that closes the one at `start`, or the end of the text. Braces in strings do not count. */
function afterClosingBrace(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (char === "\\" && quoted) i++;
    else if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return i + 1;
  }
  return text.length;
}

/** Whether a value that was not percent-encoded, and may hold an ampersand, is a JSON object. */
function isRawJson(text: string, start: number, end: number): boolean {
  if (end < text.length && text[end] !== "&") return false;
  try {
    JSON.parse(text.slice(start, end));
    return true;
  } catch {
    return false; // a value: the caller reads up to the next ampersand
  }
}

function decode(text: string): string {
  // Whoever leaves a quote as it is encodes nothing: a plus or percent sign is meant as such.
  if (text.includes('"')) return text;
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  return spaced.includes("%") ? spaced.replace(ESCAPES, unescapeRun) : spaced;
}

const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;

/** Unlike `decodeURIComponent` it does not throw, which costs more than all the rest: what is malformed stays. */
function unescapeRun(run: string): string {
  return Buffer.from(run.replaceAll("%", ""), "hex").toString();
}
