import process from "node:process";
import { stripVTControlCharacters } from "node:util";

const LEVELS = new Map([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);
const WIDTH = "demo-server-1".length;
const COLOURS = [36, 32, 35, 34, 33, 96, 92, 95, 94];
const DIM = 2;
const RED = 31;
const YELLOW = 33;
const BOLD = 1;

/** Writes the lines of several processes to the standard output, each behind its process' name. */
export class Printer {
  #colour;
  #colours = new Map();

  constructor({ colour }) {
    this.#colour = colour;
    // A reader that is gone (a closed pipe, an ended terminal) is no reason to leave processes behind.
    process.stdout.on("error", () => {});
  }

  /** A line of this script itself. */
  say(text) {
    for (const line of text.trimEnd().split("\n")) this.#write("dev", BOLD, this.#paint(BOLD, line));
  }

  /** A line that a process wrote. pino's JSON becomes words. */
  print(name, line) {
    if (!this.#colours.has(name)) this.#colours.set(name, COLOURS[this.#colours.size % COLOURS.length]);
    this.#write(name, this.#colours.get(name), this.#readable(line));
  }

  #write(name, colour, text) {
    process.stdout.write(`${this.#paint(colour, `${name.padEnd(WIDTH)} |`)} ${text}\n`);
  }

  #readable(line) {
    const entry = parseEntry(line);
    if (!entry) return this.#colour ? line : stripVTControlCharacters(line);
    const { level, msg, time: _time, pid: _pid, hostname: _hostname, name: _name, ...fields } = entry;
    const colour = level >= 50 ? RED : level >= 40 ? YELLOW : undefined;
    const word = (LEVELS.get(level) ?? String(level)).padEnd(5);
    const rest = Object.entries(fields).map(([key, value]) => `${key}=${text(value)}`);
    return [colour ? this.#paint(colour, word) : word, msg, this.#paint(DIM, rest.join(" "))]
      .join(" ")
      .trimEnd();
  }

  #paint(colour, text) {
    return this.#colour && text !== "" ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }
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

function text(value) {
  if (typeof value === "string" && /^[^\s="]+$/.test(value)) return value;
  if (typeof value === "object" && value !== null && typeof value.stack === "string") return value.stack;
  return JSON.stringify(value);
}
