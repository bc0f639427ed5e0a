const LEVELS = new Map([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);

/** Of each line the reader knows when it was written, and the prefix says by whom. */
const KNOWN = ["level", "time", "pid", "hostname", "name", "msg"];

/**
 * A line of pino's JSON in words: level, message, fields. Any other line as it is.
 *
 * @param {(style: "warn" | "error" | "dim", text: string) => string} paint
 */
export function readableLine(line, paint = (_style, text) => text) {
  const entry = parseEntry(line);
  if (!entry) return line;
  const level = (LEVELS.get(entry.level) ?? String(entry.level)).padEnd(5);
  const shownLevel =
    entry.level >= 50 ? paint("error", level) : entry.level >= 40 ? paint("warn", level) : level;
  const words = entry.source === "http-access-log" ? requestWords(entry) : eventWords(entry, paint);
  return `${shownLevel} ${words}`.trimEnd();
}

/** A request and how it ended. */
function requestWords({ method, path, params, ret, msg, ts }) {
  const outcome = ret === 0 ? "0" : `${ret} ${msg}`;
  return `${method} ${path}${params ? `?${params}` : ""} -> ${outcome} (${(ts * 1_000).toFixed(1)} ms)`;
}

function eventWords(entry, paint) {
  const fields = Object.entries(entry).filter(([key]) => !KNOWN.includes(key));
  const shown = fields.map(([key, value]) => `${key}=${valueText(value)}`).join(" ");
  return shown === "" ? entry.msg : `${entry.msg} ${paint("dim", shown)}`;
}

function valueText(value) {
  if (typeof value === "string" && /^[^\s="]+$/.test(value)) return value;
  if (typeof value?.stack === "string") return value.stack;
  return JSON.stringify(value);
}

function parseEntry(line) {
  if (!line.startsWith('{"level":')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    // Not pino's after all: shown as it is.
    return undefined;
  }
}
