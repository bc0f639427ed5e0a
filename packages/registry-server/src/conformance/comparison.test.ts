import { compareAnswers } from "./testing/compare";
import { Correspondence } from "./testing/correspondence";
import { explain } from "./testing/explain";
import { parseExact } from "./testing/exact-json";
import type { Answer } from "./testing/recording";

const T1 = 1_795_342_003_214_049_716n;
const T2 = T1 + 1n;

function answerOf(text: string, changes: Partial<Answer> = {}): Answer {
  return { status: 200, headers: undefined, seconds: 0, text, ...changes };
}

/** Where two bodies differ. */
function pathsBetween(recorded: string, ours: string): string[] {
  return compareAnswers("", answerOf(recorded), answerOf(ours), new Correspondence()).map(({ path }) => path);
}

test.each([
  ["a value", `{"a":{"b":1}}`, `{"a":{"b":2}}`, ["a.b"]],
  ["a field that went", `{"a":1,"b":2}`, `{"a":1}`, ["b"]],
  ["a field that came", `{"a":1}`, `{"a":1,"b":2}`, ["b"]],
  ["the order of fields", `{"a":1,"b":2}`, `{"b":2,"a":1}`, ["{order}"]],
  [
    "the order of instances",
    `[{"hostname":"x"},{"hostname":"y"}]`,
    `[{"hostname":"y"},{"hostname":"x"}]`,
    ["{order}"],
  ],
  ["null for an object", `{"a":null}`, `{"a":{}}`, ["a"]],
  ["a timestamp sent as text", `{"t":${T1}}`, `{"t":"${T1}"}`, ["t"]],
  ["a body that is no JSON", `ok`, `{}`, ["body"]],
])("the comparison sees %s", (_what, recorded, ours, paths) => {
  expect(pathsBetween(recorded, ours)).toEqual(paths);
});

test("the comparison sees another status, header and time", () => {
  const headers = new Map([["content-type", "text/plain"]]);
  const recorded = answerOf("", { headers: new Map(headers).set("content-length", "0") });
  const ours = answerOf("", { status: 404, headers: new Map(), seconds: 30 });
  const found = compareAnswers("", recorded, ours, new Correspondence());
  expect(found.map(({ path }) => path)).toEqual([
    "status",
    "header content-type",
    "header content-length",
    "seconds",
  ]);
});

test("timestamps of two recordings correspond when equal ones stay equal and the order stays", () => {
  expect(pathsBetween(`[${T1},${T2},${T1}]`, `[${T1 + 5n},${T2 + 9n},${T1 + 5n}]`)).toEqual([]);
});

test.each([
  ["equal ones are no longer equal", `[${T1},${T1}]`, `[${T1},${T2}]`],
  ["two have become one", `[${T1},${T2}]`, `[${T1},${T1}]`],
  ["their order is turned", `[${T1},${T2}]`, `[${T2},${T1}]`],
])("timestamps do not correspond when %s", (_what, recorded, ours) => {
  expect(pathsBetween(recorded, ours)).toEqual(["[1]"]);
});

test("a client sends on the timestamp it was told, changed as the recorded client changed it", () => {
  const times = new Correspondence();
  times.match(T1, 5_000n);
  times.match(T1, 7_000n);
  expect([times.translate(T1), times.translate(T1 - 1n), times.translate(0n)]).toEqual([7_000n, 6_999n, 0n]);
});

test("a finding must be explained by exactly one row, and a row must explain something", () => {
  const row = { section: 1, original: "", ours: "", reason: "", places: [{ request: /^/, path: /^code$/ }] };
  const finding = { request: "fetch", path: "code", recorded: "0", ours: "-400" };
  expect(explain([finding], [row])).toEqual({ unexplained: [], stale: [] });
  expect(explain([finding], []).unexplained).toEqual([finding]);
  expect(explain([finding], [row, row]).unexplained).toEqual([finding]);
  expect(explain([], [row]).stale).toHaveLength(1);
});

test("exact JSON keeps every digit of a timestamp and leaves strings alone", () => {
  const text = `{"a":${T1},"b":[${T2}],"c":"${T1}","d":12}`;
  expect(parseExact(text)).toEqual({ a: T1, b: [T2], c: String(T1), d: 12 });
});
