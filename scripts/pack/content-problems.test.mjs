import assert from "node:assert/strict";
import { test } from "node:test";
import { contentProblems } from "./content-problems.mjs";

const sound = {
  "package.json": JSON.stringify({ dependencies: { other: "^1.0.0" } }),
  "README.md": "",
  LICENSE: "",
  "dist/a/b.js": "",
  "dist/a/b.d.ts": "",
  "dist/a/b.js.map": JSON.stringify({ sources: ["../../src/a/b.ts"] }),
  "src/a/b.ts": "",
};

function problemsWith(changes) {
  const files = Object.entries({ ...sound, ...changes }).filter(([, text]) => text !== undefined);
  return contentProblems(
    files.map(([file]) => file),
    (file) => new Map(files).get(file),
  );
}

test("a sound package has no problem", () => {
  assert.deepEqual(problemsWith({}), []);
});

const rules = [
  ["a package without a README is noticed", { "README.md": undefined }, ["README.md is missing"]],
  [
    "a test in the tarball is noticed",
    { "src/a/b.test.ts": "" },
    ["src/a/b.test.ts is for tests: exclude it from the build or from `files`"],
  ],
  [
    "a fixture in the tarball is noticed",
    { "src/testing/x.ts": "" },
    ["src/testing/x.ts is for tests: exclude it from the build or from `files`"],
  ],
  [
    "output without a source is noticed",
    { "dist/old.d.ts": "" },
    ["dist/old.d.ts has no source src/old.ts: remove dist and build again"],
  ],
  [
    "a map that leads nowhere is noticed",
    { "dist/a/b.js.map": JSON.stringify({ sources: ["../../src/b.ts"] }) },
    ["dist/a/b.js.map leads to src/b.ts, which is missing"],
  ],
  [
    "a range of the workspace is noticed",
    { "package.json": JSON.stringify({ peerDependencies: { other: "workspace:^" } }) },
    ['peerDependencies: other "workspace:^" means nothing outside the repository'],
  ],
];

for (const [title, changes, problems] of rules) {
  test(title, () => {
    assert.deepEqual(problemsWith(changes), problems);
  });
}
