const { basename } = require("node:path");
const { writeCounts } = require("./write-counts.cjs");

/** A jest reporter that leaves a package's counts for .ci/run. Every package has it from jest.preset.js. */
class JestCounts {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, results) {
    // A file that does not even load has no tests to count: it is one failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    writeCounts(this.rootDir, {
      suite: basename(this.rootDir),
      passed: results.numPassedTests,
      failed,
      skipped: results.numPendingTests + results.numTodoTests,
    });
  }
}

module.exports = JestCounts;
