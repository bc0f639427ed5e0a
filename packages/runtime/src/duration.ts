// In nanoseconds, so that a sum of them is exact.
const UNIT_NS: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3], // the micro sign
  ["μs", 1e3], // the Greek letter
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3_600e9],
]);

const PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/g;

/**
 * Milliseconds from a number of them, or from text as Go writes durations: `"250ms"`, `"1.5s"`, `"1m30s"`, `"0"`. No
 * duration is negative. Throws an Error that quotes the value and says what is allowed.
 */
export function parseDurationMs(value: number | string): number {
  const ms = typeof value === "string" ? textToMs(value) : value;
  if (typeof ms === "number" && Number.isFinite(ms) && ms >= 0) return ms;
  throw new Error(
    `duration ${shown(value)} is not valid: use milliseconds as a number, or text such as "250ms", "1.5s", "1m30s"`,
  );
}

function textToMs(text: string): number | undefined {
  if (text === "0") return 0;
  const parts = [...text.matchAll(PART)];
  if (text === "" || parts.map(([part]) => part).join("") !== text) return undefined;
  const ns = parts.reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (UNIT_NS.get(unit as string) as number),
    0,
  );
  return Math.round(ns) / 1e6;
}

/** Infinity and NaN have no JSON of their own. */
function shown(value: unknown): string {
  return typeof value === "number" ? String(value) : (JSON.stringify(value)?.slice(0, 80) ?? String(value));
}
