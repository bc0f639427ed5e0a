// Writes docs/openapi.json and the generated sections of docs/protocol.md and docs/operations.md from the tables in the
// code. Run it when a test says that one of them is out of date; build packages/protocol first when its tables changed.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { transformFileSync } from "@swc/core";

const root = join(import.meta.dirname, "..");
const require = createRequire(import.meta.url);

// The renderers are TypeScript, and beside the test that checks the documents.
require.extensions[".ts"] = (module, path) => {
  const jsc = { parser: { syntax: "typescript" }, target: "es2023" };
  module._compile(transformFileSync(path, { jsc, module: { type: "commonjs" } }).code, path);
};
const { documents } = require("../packages/registry-server/src/conformance/testing/docs/documents.ts");

for (const { path, current, expected } of documents()) {
  if (current !== expected) writeFileSync(path, expected);
  console.log(`${relative(root, path)} ${current === expected ? "is up to date" : "written"}`);
}
