import assert from "node:assert/strict";
import { test } from "node:test";
import { ESLint } from "eslint";

// The text is linted as if it stood in these files, which exist and so belong to a TypeScript project.
const source = "packages/naming-sdk/src/naming.ts";
const runtime = "packages/runtime/src/clock.ts";

// Two packages are looked at: the program over all of them, which `yarn lint` makes, would take longer.
const eslint = new ESLint({
  overrideConfig: [
    { files: ["**/*.ts"], languageOptions: { parserOptions: { project: null, projectService: true } } },
  ],
});

async function rulesBroken(code, filePath = source) {
  const [result] = await eslint.lintText(code, { filePath });
  return result.messages.map(({ ruleId, message }) => ruleId ?? message);
}

const cases = [
  ["the wall clock", "export const x = Date.now();", "no-restricted-properties"],
  ["a date of now", "export const x = new Date();", "no-restricted-syntax"],
  ["the monotonic clock", "export const x = performance.now();", "no-restricted-properties"],
  ["a timer", "setTimeout(() => undefined, 1);", "no-restricted-globals"],
  ["a repeated timer", "setInterval(() => undefined, 1);", "no-restricted-globals"],
  ["a timer's promise", 'export { setTimeout } from "node:timers/promises";', "no-restricted-syntax"],
  ["a signal with a timer in it", "export const x = AbortSignal.timeout(1);", "no-restricted-properties"],
  ["unseeded chance", "export const x = Math.random();", "no-restricted-properties"],
  ["the environment", 'export const x = process.env["X"];', "no-restricted-properties"],
  ["the global fetch", 'void fetch("http://127.0.0.1");', "no-restricted-globals"],
  ["Express", 'export { json } from "express";', "no-restricted-imports"],
  ["grpc-js", 'export { Client } from "@grpc/grpc-js";', "@typescript-eslint/no-restricted-imports"],
  ["a default export", "export default 1;", "no-restricted-exports"],
  ["a promise nobody awaits", "Promise.resolve();", "@typescript-eslint/no-floating-promises"],
  ["any", "export const x: any = 1;", "@typescript-eslint/no-explicit-any"],
  ["an empty catch", "try { eval(''); } catch {}", "no-empty"],
  ["printing", 'console.log("x");', "no-console"],
];

for (const [what, code, rule] of cases) {
  test(`a package may not use ${what}`, async () => {
    assert.deepEqual(await rulesBroken(code), [rule]);
  });
}

test("a type is imported as a type", async () => {
  const code = 'import { Clock } from "./clock";\nexport const x = {} as Clock;';
  assert.deepEqual(await rulesBroken(code), ["@typescript-eslint/consistent-type-imports"]);
});

test("a switch looks at every member of a union", async () => {
  const code = 'export function f(x: "a" | "b") {\n  switch (x) {\n    case "a":\n      return 1;\n  }\n}';
  assert.deepEqual(await rulesBroken(code), ["@typescript-eslint/switch-exhaustiveness-check"]);
});

test("runtime is where the real time and chance come from", async () => {
  const code = "export const x = [Date.now(), performance.now(), Math.random(), setTimeout(() => 1, 1)];";
  assert.deepEqual(await rulesBroken(code, runtime), []);
});
