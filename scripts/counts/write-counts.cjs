const { mkdirSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

/** Where a suite leaves its counts: among a task's outputs, so that a cached run has them too. */
const COUNTS_FILE = "coverage/counts.json";

/**
 * @param {string} dir the suite's folder
 * @param {{ suite: string, passed: number, failed: number, skipped: number }} counts
 */
function writeCounts(dir, counts) {
  mkdirSync(join(dir, "coverage"), { recursive: true });
  writeFileSync(join(dir, COUNTS_FILE), `${JSON.stringify(counts)}\n`);
}

module.exports = { COUNTS_FILE, writeCounts };
