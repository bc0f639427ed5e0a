const preset = require("../../jest.preset.js");

/** @type {import('jest').Config} */
module.exports = { ...preset, coverageThreshold: { global: { lines: 95, branches: 90 } } };
