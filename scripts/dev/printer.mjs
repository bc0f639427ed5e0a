import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { readableLine } from "./readable-line.mjs";

const WIDTH = "demo-server-1".length;
const COLOURS = [36, 32, 35, 34, 33, 96, 92, 95, 94];
const STYLES = { bold: 1, dim: 2, error: 31, warn: 33 };

/** Writes the lines of several processes to the standard output, each behind its process' name. */
export class Printer {
  #colour;
  #colours = new Map();

  constructor({ colour }) {
    this.#colour = colour;
    // A reader that is gone (a closed pipe, an ended terminal) is no reason to leave processes behind.
    process.stdout.on("error", () => {});
  }

  /** What this script says itself. */
  say(text) {
    for (const line of text.trimEnd().split("\n")) {
      this.#write("dev", STYLES.bold, this.#paint(STYLES.bold, line));
    }
  }

  /** A line that a process wrote. pino's JSON becomes words. */
  print(name, line) {
    if (!this.#colours.has(name)) this.#colours.set(name, COLOURS[this.#colours.size % COLOURS.length]);
    const shown = this.#colour ? line : stripVTControlCharacters(line);
    this.#write(
      name,
      this.#colours.get(name),
      readableLine(shown, (style, text) => this.#paint(STYLES[style], text)),
    );
  }

  #write(name, colour, text) {
    process.stdout.write(`${this.#paint(colour, `${name.padEnd(WIDTH)} |`)} ${text}\n`);
  }

  #paint(colour, text) {
    return this.#colour && text !== "" ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }
}
