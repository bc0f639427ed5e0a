import assert from "node:assert/strict";
import { test } from "node:test";
import { readmePrograms } from "./readme-programs.mjs";

const readme = [
  "# A package",
  "```js",
  "not(run);",
  "```",
  "```js run",
  'const a = require("a");',
  "",
  "a();",
  "```",
  "```js run",
  'import { b } from "b";',
  "```",
].join("\n");

test("the blocks marked to run are programs, in the format they are written in", () => {
  assert.deepEqual(readmePrograms(readme), [
    { file: "readme-line-5.cjs", text: 'const a = require("a");\n\na();\n' },
    { file: "readme-line-10.mjs", text: 'import { b } from "b";\n' },
  ]);
});
