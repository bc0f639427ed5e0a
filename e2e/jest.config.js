const preset = require("../jest.preset.js");

/** @type {import('jest').Config} */
module.exports = {
  transform: preset.transform,
  reporters: preset.reporters,
  watchman: false,
  roots: ["<rootDir>"],
  testMatch: ["**/*.e2e.ts"],
  testEnvironment: "<rootDir>/harness/environment.js",
  testTimeout: 60_000,
};
