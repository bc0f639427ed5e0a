/** What every package's jest configuration starts from. */
const swc = {
  jsc: { parser: { syntax: "typescript" }, target: "es2023" },
  module: { type: "commonjs" },
  sourceMaps: "inline",
};

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/src"],
  transform: { "^.+\\.ts$": ["@swc/jest", swc] },
  watchman: false,
  // Many times what any test takes: it ends one that hangs, and never one on a busy machine.
  testTimeout: 30_000,
  reporters: ["default", require.resolve("./scripts/counts/jest-counts.cjs")],
  // `--coverageReporters=html` writes pages to look at.
  coverageReporters: ["text"],
  collectCoverageFrom: [
    "src/**/*.ts",
    "!src/**/*.test.ts",
    "!src/index.ts",
    "!src/main.ts",
    "!src/**/testing/**",
  ],
};
