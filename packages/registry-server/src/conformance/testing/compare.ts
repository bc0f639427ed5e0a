import type { Correspondence } from "./correspondence";
import { isObject, parseExact, shown, type Json, type JsonObject } from "./exact-json";
import type { Answer } from "./recording";

/** One place where an answer is not as recorded. */
export interface Finding {
  readonly request: string;
  /** `status`, `header <name>`, `seconds`, `body`, or where in the body: `data.provider.latest_timestamp`. */
  readonly path: string;
  readonly recorded: string;
  readonly ours: string;
}

type Found = Omit<Finding, "request">;

/** Headers that a client may look at. */
const HEADERS = ["content-type", "kratos-status-code", "kratos-trace-id", "content-length"];

/** What a real network added to a recorded time, in seconds. */
const LATENCY_S = 0.02;

/** Compares an answer with the recorded one, field by field. */
export function compareAnswers(
  request: string,
  recorded: Answer,
  ours: Answer,
  times: Correspondence,
): Finding[] {
  const found = [
    ...compareValues("status", recorded.status, ours.status),
    ...compareHeaders(recorded, ours),
    ...compareSeconds(recorded.seconds, ours.seconds),
    ...compareBodies(recorded.text, ours.text, times),
  ];
  return found.map((finding) => ({ request, ...finding }));
}

function compareHeaders({ headers }: Answer, ours: Answer): Found[] {
  if (!headers) return [];
  return HEADERS.flatMap((name) => {
    // Bodies differ, and so may their lengths: one is right when it is that of its own body.
    const recorded = name === "content-length" ? String(Buffer.byteLength(ours.text)) : headers.get(name);
    return compareValues(`header ${name}`, recorded, ours.headers?.get(name));
  });
}

function compareSeconds(recorded: number, ours: number): Found[] {
  if (Math.abs(recorded - ours) <= LATENCY_S) return [];
  return [{ path: "seconds", recorded: recorded.toFixed(2), ours: ours.toFixed(2) }];
}

function compareBodies(recorded: string, ours: string, times: Correspondence): Found[] {
  const [a, b] = [jsonOf(recorded), jsonOf(ours)];
  if (a === undefined || b === undefined) return compareValues("body", recorded, ours);
  return compareJson("", a, b, times);
}

function compareJson(path: string, a: Json | undefined, b: Json | undefined, times: Correspondence): Found[] {
  if (typeof a === "bigint" && typeof b === "bigint") return compareTimes(path, a, b, times);
  if (isObject(a) && isObject(b)) return compareObjects(path, a, b, times);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(path, a as Json[], b as Json[], times);
  return compareValues(path, a, b);
}

function compareTimes(path: string, a: bigint, b: bigint, times: Correspondence): Found[] {
  const wrong = times.match(a, b);
  return wrong === undefined ? [] : [{ path, recorded: String(a), ours: `${b}: ${wrong}` }];
}

function compareObjects(path: string, a: JsonObject, b: JsonObject, times: Correspondence): Found[] {
  const [left, right] = [Object.keys(a), Object.keys(b)];
  const at = (key: string) => (path === "" ? key : `${path}.${key}`);
  return [
    ...compareOrder(path, left, right),
    ...left.flatMap((key) => compareJson(at(key), a[key], b[key], times)),
    ...right.filter((key) => !(key in a)).map((key) => added(at(key), b[key])),
  ];
}

function compareLists(path: string, a: readonly Json[], b: readonly Json[], times: Correspondence): Found[] {
  const names = (list: readonly Json[]) =>
    list.map((item, i) => (isObject(item) ? shown(item["hostname"]) : `${i}`));
  const byName = new Map(names(b).map((name, i) => [name, b[i]]));
  return [
    ...compareOrder(path, names(a), names(b)),
    ...names(a).flatMap((name, i) => compareJson(`${path}[${name}]`, a[i], byName.get(name), times)),
    ...names(b)
      .filter((name) => !names(a).includes(name))
      .map((name) => added(`${path}[${name}]`, byName.get(name))),
  ];
}

/** What both have must come in the same order. */
function compareOrder(path: string, a: readonly string[], b: readonly string[]): Found[] {
  const left = a.filter((key) => b.includes(key)).join();
  const right = b.filter((key) => a.includes(key)).join();
  return left === right ? [] : [{ path: `${path}{order}`, recorded: left, ours: right }];
}

function compareValues(path: string, a: Json | undefined, b: Json | undefined): Found[] {
  return a === b ? [] : [{ path, recorded: shown(a), ours: shown(b) }];
}

function added(path: string, value: Json | undefined): Found {
  return { path, recorded: "absent", ours: shown(value) };
}

function jsonOf(text: string): Json | undefined {
  try {
    return parseExact(text);
  } catch {
    return undefined; // compared as text
  }
}
