import { ZERO, endOfDigits, isBeyondDouble } from "./digits";

/**
 * `JSON.parse`, but no `…_timestamp` loses a digit: those a double may not carry come out as strings.
 * Read them with `timestampFrom`. Throws SyntaxError as `JSON.parse` does. Keys are seen when written without escapes.
 * Where those of one name are enough, `parseExact` costs less.
 */
export function parseWithTimestamps(text: string): unknown {
  return JSON.parse(hasFineTimestamp(text) ? quoteTimestamps(text) : text);
}

// Inside a string every quote has a backslash before it. So this ends a string, and a key where a colon follows. It
// begins with a character that is rare, which the search for it looks for first.
const KEY_END = '_timestamp"';

/** Whether a timestamp in this JSON text may have more digits than a double gives back. */
function hasFineTimestamp(text: string): boolean {
  for (let at = nextNumber(text, 0); at !== -1;) {
    const end = endOfDigits(text, at);
    if (isFine(text, at, end)) return true;
    at = nextNumber(text, end);
  }
  return false;
}

/** The text with such timestamps as strings. What is not JSON does not become JSON by it. */
function quoteTimestamps(text: string): string {
  let quoted = "";
  let copied = 0;
  for (let at = nextNumber(text, 0); at !== -1;) {
    let end = endOfDigits(text, at);
    // JSON has no leading zeros: those are left for JSON.parse to refuse.
    if (isFine(text, at, end) && !hasLeadingZero(text, at, end)) {
      const digits = isDecimal(text, end) ? decimalAt(text, at) : { text: text.slice(at, end), end };
      const start = text[at - 1] === "-" ? at - 1 : at;
      quoted += `${text.slice(copied, start)}"${text.slice(start, at)}${digits.text}"`;
      copied = end = digits.end;
    }
    at = nextNumber(text, end);
  }
  return quoted + text.slice(copied);
}

/** Where the digits of the next number begin that a timestamp's key has as its value. -1 when there is none. */
function nextNumber(text: string, from: number): number {
  for (let at = text.indexOf(KEY_END, from); at !== -1; at = text.indexOf(KEY_END, at)) {
    at = skipSpace(text, at + KEY_END.length);
    if (text[at] !== ":") continue;
    at = skipSpace(text, at + 1);
    if (text[at] === "-") at++;
    if (endOfDigits(text, at) > at) return at;
  }
  return -1;
}

/** Whether the number that begins with these digits may be another one as a double. */
function isFine(text: string, start: number, end: number): boolean {
  return isDecimal(text, end) || isBeyondDouble(text, start, end);
}

/** Whether the number goes on after its first digits: `1.5`, `1e3`. */
function isDecimal(text: string, end: number): boolean {
  const next = text[end];
  return next === "." || next === "e" || next === "E";
}

function hasLeadingZero(text: string, start: number, end: number): boolean {
  return end - start > 1 && text.charCodeAt(start) === ZERO;
}

/** The plain digits of a decimal such as `1.795e18`; a fraction, which is no timestamp, stays as it is written. */
function decimalAt(text: string, at: number): { text: string; end: number } {
  const decimal = /(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?/y;
  decimal.lastIndex = at;
  const [all = "", whole = "", fraction = "", exponent = "0"] = decimal.exec(text) ?? [];
  const digits = whole + fraction;
  const shift = Number(exponent) - fraction.length;
  const end = at + all.length;
  // 10^20 is beyond every int64.
  if (shift > 20) return { text: all, end };
  if (shift >= 0) return { text: digits + "0".repeat(shift), end };
  return /^0*$/.test(digits.slice(shift)) ? { text: digits.slice(0, shift) || "0", end } : { text: all, end };
}

function skipSpace(text: string, at: number): number {
  while (text.charCodeAt(at) <= 32) at++;
  return at;
}
