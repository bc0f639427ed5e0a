import assert from "node:assert/strict";
import { test } from "node:test";
import { readableLine } from "./readable-line.mjs";

const line = (entry) => JSON.stringify({ level: 30, time: 1, pid: 2, hostname: "h", name: "n", ...entry });

for (const [what, entry, shown] of [
  [
    "an event with its fields",
    { addr: "127.0.0.1:1", n: [1], msg: "is up" },
    "info  is up addr=127.0.0.1:1 n=[1]",
  ],
  ["an event without fields", { level: 40, msg: "odd" }, "warn  odd"],
  ["text with spaces is quoted", { why: "a b", msg: "odd" }, 'info  odd why="a b"'],
  [
    "an error by its stack",
    { err: { stack: "Error: x\n  at y" }, msg: "odd" },
    "info  odd err=Error: x\n  at y",
  ],
  [
    "a good request",
    { source: "http-access-log", method: "GET", path: "/a", params: "b=c", ret: 0, msg: "0", ts: 0.0012 },
    "info  GET /a?b=c -> 0 (1.2 ms)",
  ],
  [
    "a refused request",
    { source: "http-access-log", method: "GET", path: "/a", params: "", ret: -404, msg: "no app", ts: 0.1 },
    "info  GET /a -> -404 no app (100.0 ms)",
  ],
]) {
  test(`what pino writes is shown in words: ${what}`, () => {
    assert.equal(readableLine(line(entry)), shown);
  });
}

test("a line that is not pino's is shown as it is", () => {
  for (const other of ["", "discoveryd: wrong", '{"level": of water}', '{"a":1}'])
    assert.equal(readableLine(other), other);
});

test("warnings, errors and fields are painted", () => {
  const paint = (style, text) => `<${style}>${text}`;
  assert.equal(readableLine(line({ level: 50, a: 1, msg: "m" }), paint), "<error>error m <dim>a=1");
});
