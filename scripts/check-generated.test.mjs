import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";

const sound = {
  "package.json": JSON.stringify({ workspaces: ["proto"] }),
  "proto/package.json": JSON.stringify({
    name: "proto",
    scripts: { generate: "mkdir -p gen && cp source gen/copy" },
  }),
  "proto/source": "one\n",
  "proto/gen/copy": "one\n",
};

function check(changes) {
  const root = mkdtempSync(join(tmpdir(), "check-generated-"));
  try {
    for (const [file, text] of Object.entries({ ...sound, ...changes })) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    const { status, stderr } = spawnSync(process.execPath, ["scripts/check-generated.mjs", root], {
      encoding: "utf8",
    });
    return { status, problem: stderr.split("\n")[0] };
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("generated code that its source gives passes", () => {
  assert.deepEqual(check({}), { status: 0, problem: "" });
});

const rules = [
  [
    "a source that has changed is noticed",
    { "proto/source": "two\n" },
    "proto/gen/copy differs from what its source gives",
  ],
  [
    "a byte changed by hand is noticed",
    { "proto/gen/copy": "one" },
    "proto/gen/copy differs from what its source gives",
  ],
  ["a file left over is noticed", { "proto/gen/old": "" }, "proto/gen/old is no longer generated"],
];

for (const [title, change, problem] of rules) {
  test(title, () => {
    assert.deepEqual(check(change), { status: 1, problem });
  });
}
