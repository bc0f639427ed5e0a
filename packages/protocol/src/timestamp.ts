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
const NANOS_PER_MICRO = 1_000;
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
  /** The moment of the last one, in milliseconds: dozens come in each, and are not behind it. */
  private lastMs = -1;

  /** @param now milliseconds since the epoch. */
  constructor(private readonly now: () => number) {}

  next(): Timestamp {
    const ms = this.now();
    const wall = ms === this.lastMs ? 0n : timestampFromMs(ms);
    this.lastMs = ms;
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
 * Undefined for anything else. One out of `parseExact` is read with the function that comes with it.
 */
export function timestampFrom(value: unknown): Timestamp | undefined {
  if (typeof value === "string") return parseInt64(value);
  if (typeof value !== "number" || !Number.isInteger(value)) return undefined;
  const micros = Math.round(value / NANOS_PER_MICRO);
  // The one multiple of 1000 that becomes this double, for a third of the cost of what follows.
  if (micros * NANOS_PER_MICRO === value && Math.abs(value) < 2 ** 62) return BigInt(micros) * GRID;
  // String, not BigInt(value): the shortest digits are those that were sent, the double's own value is not.
  return parseInt64(String(value));
}
