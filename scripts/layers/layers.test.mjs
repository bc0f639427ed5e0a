import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Layers } from "./layers.mjs";

const manifest = (name, more = {}) =>
  JSON.stringify({ name, exports: { ".": { default: "./dist/index.js" } }, dependencies: {}, ...more });

// A client and a server over a protocol; the server has a core, and a face that may use the core.
const sound = {
  "package.json": JSON.stringify({ workspaces: ["packages/*"] }),
  "scripts/layers.json": JSON.stringify({
    workspaces: {
      "packages/protocol": { imports: [] },
      "packages/server": { imports: ["@x/protocol"], folders: { core: [], face: ["core"] } },
      "packages/client": {
        imports: ["@x/protocol"],
        typeImports: ["@x/server"],
        shared: ["naming"],
        folders: { a: [] },
      },
    },
  }),
  "packages/protocol/package.json": manifest("@x/protocol"),
  "packages/protocol/src/index.ts": 'export * from "./codes";',
  "packages/protocol/src/codes.ts": "export const ok = 0;",
  "packages/server/package.json": manifest("@x/server", { dependencies: { "@x/protocol": "1" } }),
  "packages/server/src/index.ts": 'export { app } from "./face/app";',
  "packages/server/src/config.ts": "export const port = 1;",
  "packages/server/src/core/app.ts":
    'import { ok } from "@x/protocol";\nimport { join } from "node:path";\nexport { join, ok };',
  "packages/server/src/face/app.ts": 'export { ok as app } from "../core/app";',
  "packages/client/package.json": manifest("@x/client", { dependencies: { "@x/server": "1" } }),
  "packages/client/src/index.ts": 'export type { Port } from "./naming";',
  "packages/client/src/naming.ts": "export type Port = 1;",
  "packages/client/src/a/a.ts": 'export type { Port } from "../naming";',
};

function problemsWith(changes) {
  return inRepository(changes, (root) => new Layers(root).problems());
}

function inRepository(changes, use) {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  try {
    for (const [file, text] of Object.entries({ ...sound, ...changes })) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("a sound repository passes", () => {
  assert.deepEqual(problemsWith({}), []);
});

const rules = [
  [
    "a folder imports no folder that it does not list",
    { "packages/server/src/core/up.ts": 'import { app } from "../face/app";\nexport { app };' },
    "packages/server/src/core/up.ts:1 core may not import face",
  ],
  [
    "a type counts as an import",
    { "packages/server/src/core/up.ts": 'export type X = import("../face/app").X;' },
    "packages/server/src/core/up.ts:1 core may not import face",
  ],
  [
    "an import at run time counts as an import",
    { "packages/server/src/core/up.ts": 'export const x = () => import("../face/app");' },
    "packages/server/src/core/up.ts:1 core may not import face",
  ],
  [
    "no folder imports the package's root",
    { "packages/server/src/core/up.ts": 'export { port } from "../config";' },
    "packages/server/src/core/up.ts:1 core may not import config.ts: no folder knows the package's root",
  ],
  [
    "a new folder needs a place in the layers",
    { "packages/server/src/new/x.ts": 'export { join } from "../core/app";' },
    "packages/server/src/new/x.ts:1 folder new is not in scripts/layers.json",
  ],
  [
    "nothing inside imports the barrel",
    { "packages/server/src/other.ts": 'export { app } from "./index";' },
    "packages/server/src/other.ts:1 ./index is what the package offers to others: import the file itself",
  ],
  [
    "a package has one barrel",
    { "packages/server/src/core/index.ts": "export const x = 1;" },
    "packages/server/src/core/index.ts is a second barrel: only what package.json exports has one",
  ],
  [
    "a package does not import itself by its name",
    { "packages/server/src/other.ts": 'export { app } from "@x/server";' },
    "packages/server/src/other.ts:1 @x/server is this package itself: import the file",
  ],
  [
    "a package is imported by its name only",
    { "packages/server/src/other.ts": 'export { ok } from "../../protocol/src/codes";' },
    "packages/server/src/other.ts:1 ../../protocol/src/codes leaves the package: import it by its name",
  ],
  [
    "a package is imported only where it offers itself",
    { "packages/server/src/other.ts": 'export { ok } from "@x/protocol/dist/codes";' },
    "packages/server/src/other.ts:1 @x/protocol/dist/codes is not among the exports of packages/protocol/package.json",
  ],
  [
    "a package imports only those of ours that it lists",
    { "packages/protocol/src/other.ts": 'export type { app } from "@x/server";' },
    "packages/protocol/src/other.ts:1 packages/protocol may not import @x/server",
  ],
  [
    "that holds for tests too",
    { "packages/protocol/src/other.test.ts": 'export type { app } from "@x/server";' },
    "packages/protocol/src/other.test.ts:1 packages/protocol may not import @x/server",
  ],
  [
    "where only types are allowed, a value is not",
    { "packages/client/src/other.ts": 'import { type A, app } from "@x/server";\nexport { app, type A };' },
    "packages/client/src/other.ts:1 packages/client may import only types of @x/server",
  ],
  [
    "what is imported is in package.json",
    { "packages/server/src/other.ts": 'export { x } from "left-pad/x";' },
    "packages/server/src/other.ts:1 left-pad is not among the dependencies, peerDependencies of packages/server/package.json",
  ],
  [
    "a rule for a package that is gone is removed",
    { "scripts/layers.json": JSON.stringify({ workspaces: { "packages/gone": { imports: [] } } }) },
    "scripts/layers.json: packages/gone is not a workspace",
  ],
];

for (const [title, change, problem] of rules) {
  test(title, () => {
    assert.deepEqual(problemsWith(change), [problem]);
  });
}

test("a circle of three files is found once, types included", () => {
  const problems = problemsWith({
    "packages/server/src/core/a.ts": 'import { b } from "./b";\nexport const a = b;',
    "packages/server/src/core/b.ts": 'import { c } from "./c";\nexport const b = c;',
    "packages/server/src/core/c.ts":
      'import type { a } from "./a";\nexport type A = typeof a;\nexport const c = 1;',
  });
  const core = "packages/server/src/core";
  assert.deepEqual(problems, [`circle: ${core}/a.ts -> ${core}/b.ts -> ${core}/c.ts -> ${core}/a.ts`]);
});

test("of a knot the shortest circle is shown", () => {
  const problems = problemsWith({
    "packages/server/src/core/a.ts": 'export { b } from "./b";',
    "packages/server/src/core/b.ts": 'export { c } from "./c";\nexport { b2 } from "./b2";',
    "packages/server/src/core/b2.ts": 'export type B = import("./b").B;',
    "packages/server/src/core/c.ts": 'export { a } from "./a";',
  });
  const core = "packages/server/src/core";
  assert.deepEqual(problems, [`circle: ${core}/b.ts -> ${core}/b2.ts -> ${core}/b.ts`]);
});

test("tests reach into every folder of their package, and into its root", () => {
  const text = 'import { app } from "../face/app";\nimport { port } from "../config";\nexport { app, port };';
  assert.deepEqual(problemsWith({ "packages/server/src/core/app.test.ts": text }), []);
});

test("the script's status says whether there is a problem", () => {
  const status = (root) => spawnSync(process.execPath, ["scripts/check-layers.mjs", root]).status;
  assert.equal(inRepository({}, status), 0);
  assert.equal(inRepository({ "packages/server/src/other.ts": 'export { app } from "./index";' }, status), 1);
});
