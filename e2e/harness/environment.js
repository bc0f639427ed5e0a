const { TestEnvironment } = require("jest-environment-node");

/** Tells the fixtures, in `testFailed`, whether the test has failed: they then print what the processes said. */
class E2eEnvironment extends TestEnvironment {
  handleTestEvent(event) {
    if (event.name === "test_start") this.global.testFailed = false;
    if (event.name === "test_fn_failure" || event.name === "hook_failure") this.global.testFailed = true;
  }
}

module.exports = E2eEnvironment;
