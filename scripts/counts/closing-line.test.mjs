import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeCounts } from "./write-counts.cjs";

/** The last line after these suites have counted and these stages have ended. */
function closingLine(suites, ...stages) {
  const root = mkdtempSync(join(tmpdir(), "counts-"));
  try {
    writeFileSync(join(root, "package.json"), JSON.stringify({ workspaces: Object.keys(suites) }));
    for (const [suite, [passed, failed]] of Object.entries(suites)) {
      mkdirSync(join(root, suite));
      writeFileSync(join(root, suite, "package.json"), "{}");
      writeCounts(join(root, suite), { suite, passed, failed, skipped: 0 });
    }
    const env = { ...process.env, COUNTS_ROOT: root };
    const run = (...args) =>
      spawnSync(process.execPath, ["scripts/counts/closing-line.mjs", ...args], { env, encoding: "utf8" })
        .stdout;
    const line = run(...stages)
      .trimEnd()
      .split("\n")
      .at(-1);
    run("--clear");
    assert.equal(run(), "0 passed, 0 failed\n");
    return line;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("every suite counts", () => {
  assert.equal(closingLine({ protocol: [5, 0], e2e: [2, 1] }, "check=0", "e2e=1"), "7 passed, 1 failed");
});

test("a stage that failed without a failed test is one failure", () => {
  assert.equal(closingLine({ protocol: [5, 0], e2e: [2, 0] }, "check=1", "e2e=0"), "7 passed, 1 failed");
});

test("a stage that failed by its tests is not counted again", () => {
  assert.equal(closingLine({ protocol: [5, 2] }, "check=1"), "5 passed, 2 failed");
});

test("a failure of one stage does not hide that of another", () => {
  assert.equal(closingLine({ protocol: [5, 2], e2e: [1, 0] }, "check=1", "e2e=7"), "6 passed, 3 failed");
});
