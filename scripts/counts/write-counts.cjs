const { mkdirSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

/**
 * Leaves a suite's counts in its folder, for .ci/run to add up. In `coverage`, which turbo keeps with a task's other
 * outputs: a cached run has its counts, too.
 *
 * @param {string} dir
 * @param {{ suite: string, passed: number, failed: number, skipped: number }} counts
 */
function writeCounts(dir, counts) {
  mkdirSync(join(dir, "coverage"), { recursive: true });
  writeFileSync(join(dir, "coverage", `${counts.suite}.counts.json`), `${JSON.stringify(counts)}\n`);
}

module.exports = { writeCounts };
