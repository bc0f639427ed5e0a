/**
 * Nanoseconds since the epoch, an int64 above 2^53: a bigint everywhere, never a number. On the wire it is a
 * bare JSON integer. This is the only file that knows the unit.
 *
 * What the registry issues lies on a microsecond grid (the last three digits are 000). Doubles near 1.8e18 are
 * 256 apart, so at most one multiple of 1000 rounds to a given double, and its 16 digits are the shortest that
 * do: a client that parses with doubles and prints the value gets back the digits it was sent.
 */
export type Timestamp = bigint;

const GRID = 1_000n;
const NANOS_PER_MS = 1_000_000n;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/** The timestamp of a moment given in milliseconds since the epoch; fractions below 1 ms are dropped. */
export function timestampFromMs(ms: number): Timestamp {
  return BigInt(Math.floor(ms)) * NANOS_PER_MS;
}

/** Milliseconds since the epoch. */
export function timestampToMs(timestamp: Timestamp): number {
  return Number(timestamp / NANOS_PER_MS);
}

/** Whole seconds since the epoch, as brpc and the Java client read them. */
export function timestampToSeconds(timestamp: Timestamp): bigint {
  return timestamp / (NANOS_PER_MS * 1_000n);
}

/** The smallest timestamp on the microsecond grid that is not before this one. */
export function ceilToGrid(timestamp: Timestamp): Timestamp {
  const past = timestamp % GRID;
  if (past === 0n) return timestamp;
  return timestamp - past + (past > 0n ? GRID : 0n);
}

/** The next timestamp on the grid after this one. */
export function nextOnGrid(timestamp: Timestamp): Timestamp {
  return ceilToGrid(timestamp + 1n);
}

/** Issues timestamps on the grid: strictly increasing, never behind `now` at the time of the first. */
export class TimestampSource {
  private last: Timestamp = 0n;

  /** @param now milliseconds since the epoch. */
  constructor(private readonly now: () => number) {}

  next(): Timestamp {
    const wall = timestampFromMs(this.now());
    this.last = wall > this.last ? wall : this.last + GRID;
    return this.last;
  }

  /** What comes next is later than `timestamp`. Keeps our time from running behind what a peer has issued. */
  observe(timestamp: Timestamp): void {
    const floor = ceilToGrid(timestamp);
    if (floor > this.last) this.last = floor;
  }
}

/** An int64 from decimal text; empty counts as 0. Undefined when it is anything else or out of range. */
export function parseInt64(text: string): bigint | undefined {
  if (text === "") return 0n;
  if (!/^-?\d+$/.test(text)) return undefined;
  // A long run of digits is never in range, and costs quadratic time to convert.
  if (text.length > 40 && text.replace(/^-?0*/, "").length > 19) return undefined;
  const value = BigInt(text);
  return value >= MIN_INT64 && value <= MAX_INT64 ? value : undefined;
}

/**
 * The timestamp in a value that came out of `parseWithTimestamps`: a string of digits, or a number.
 * Undefined for anything else.
 */
export function timestampFrom(value: unknown): Timestamp | undefined {
  if (typeof value === "string") return parseInt64(value);
  // String, not BigInt(value): the shortest digits are those that were sent, the double's own value is not.
  if (typeof value === "number" && Number.isInteger(value)) return parseInt64(String(value));
  return undefined;
}

/**
 * `JSON.parse`, but no `…_timestamp` loses a digit: those a double cannot carry come out as strings.
 * Read them with `timestampFrom`. Throws SyntaxError as `JSON.parse` does.
 */
export function parseWithTimestamps(text: string): unknown {
  return JSON.parse(hasFineTimestamp(text) ? quoteTimestamps(text) : text);
}

const MARK = '_timestamp"';
const ZERO = 48;

/** Whether a timestamp in this JSON text has more digits than a double gives back. */
function hasFineTimestamp(text: string): boolean {
  for (let at = text.indexOf(MARK); at !== -1; at = text.indexOf(MARK, at)) {
    at += MARK.length;
    let end = text.indexOf(":", at) + 1;
    while (text.charCodeAt(end) <= 32) end++;
    const start = end;
    while (isDigit(text.charCodeAt(end))) end++;
    // 15 digits are always safe. Longer ones are when they lie on the grid.
    if (end - start > 15 && !endsOnGrid(text, end)) return true;
    at = Math.max(at, end);
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= ZERO + 9;
}

function endsOnGrid(text: string, end: number): boolean {
  return (
    text.charCodeAt(end - 1) === ZERO && text.charCodeAt(end - 2) === ZERO && text.charCodeAt(end - 3) === ZERO
  );
}

// The key's closing quote is a real one only when no backslash stands before it, and inside a string every quote
// has one: so this never matches inside a string.
function quoteTimestamps(text: string): string {
  return text.replace(/("[a-z]+_timestamp"\s*:\s*)(-?\d{16,})(?=\s*[,}])/g, '$1"$2"');
}
