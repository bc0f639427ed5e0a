const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["us", 0.001],
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/**
 * Milliseconds from a number of them, or from text as Go writes durations: `"250ms"`, `"1.5s"`, `"1m30s"`, `"0"`.
 * Throws an Error that quotes the value and says what is allowed.
 */
export function parseDurationMs(value: number | string): number {
  if (typeof value === "number") {
    if (Number.isFinite(value) && value >= 0) return value;
    throw invalidDuration(value);
  }
  if (value === "0") return 0;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([text]) => text).join("") !== value) throw invalidDuration(value);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS.get(unit as string) as number), 0);
}

function invalidDuration(value: unknown): Error {
  return new Error(
    `duration ${JSON.stringify(value)} is not valid: use milliseconds as a number, or text such as "250ms", "1.5s", "1m30s"`,
  );
}
