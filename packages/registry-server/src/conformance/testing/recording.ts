import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An answer as it was recorded, or as we give it. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; undefined where the recording has none. */
  readonly headers: ReadonlyMap<string, string> | undefined;
  readonly text: string;
  /** From the request to the whole answer. */
  readonly seconds: number;
}

/** One request of a recording with its answer. */
export interface Exchange {
  readonly title: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: string | undefined;
  readonly answer: Answer;
}

/** A step of the long-poll recording: its title, and the lines below it. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** A file of the package's folder `golden`. */
export function readRecording(name: string): string {
  return readFileSync(join(__dirname, "../../../golden", name), "utf8");
}

/**
 * The requests of a recording of blocks: a title after `###`, the request after `>`, the answer's head after `<`,
 * then its body.
 */
export function parseExchanges(text: string): Exchange[] {
  return text
    .split(/^### /m)
    .slice(1)
    .map((block) => {
      const [title, request, head, ...rest] = block.split("\n") as [string, string, string, ...string[]];
      const [, method, path, body] = matching(/^> (GET|POST) (\S+) ?(?:BODY (.*))?$/, request);
      const [, status, headers, seconds] = matching(/^< (\d+) [^{]*\{(.*)\} ([\d.]+)s$/, head);
      return {
        title,
        method: method as Exchange["method"],
        path: path as string,
        body,
        answer: {
          status: Number(status),
          headers: parseHeaders(headers as string),
          text: rest.join("\n").trim(),
          seconds: Number(seconds),
        },
      };
    });
}

/** The steps of the long-poll recording, by the number they begin with: `3b`. */
export function parseSections(text: string): Map<string, Section> {
  const sections = text.split(/^(?=\d+b?\.? [a-z])/m).map((block) => {
    const [title, ...lines] = block.trim().split("\n") as [string, ...string[]];
    return [(/^\d+b?/.exec(title) as RegExpExecArray)[0], { title, lines }] as const;
  });
  return new Map(sections);
}

/** An answer of the long-poll recording: `(200, '<body>', 0.5)`, perhaps with the name of who got it before it. */
export function parseTuple(line: string): Answer {
  const [, status, text, seconds] = matching(/^(?:[AB] )?\((\d+), '(.*)', ([\d.e-]+)\)$/, line);
  return {
    status: Number(status),
    headers: undefined,
    text: (text as string).replaceAll("\\'", "'"),
    seconds: Number(seconds),
  };
}

function parseHeaders(text: string): Map<string, string> {
  const pairs = [...text.matchAll(/'([^']+)': '([^']*)'/g)];
  return new Map(pairs.map(([, name, value]) => [(name as string).toLowerCase(), value as string]));
}

function matching(pattern: RegExp, line: string): RegExpExecArray {
  const match = pattern.exec(line);
  if (!match) throw new Error(`not a line of a recording: ${line.slice(0, 120)}`);
  return match;
}
