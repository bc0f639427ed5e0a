const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");

/** Starts `discoveryd` from this project's node_modules on a free port. Resolves with where it listens. */
function startRegistry() {
  const child = spawn("node_modules/.bin/discoveryd", ["--httpServer.addr", "127.0.0.1:0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () =>
    new Promise((resolve) => {
      child.once("exit", (status) => resolve(status));
      child.kill("SIGTERM");
    });
  return new Promise((resolve, reject) => {
    child.once("exit", (status) => reject(new Error(`discoveryd ended with status ${status}`)));
    child.once("error", reject);
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { addr } = JSON.parse(line);
      if (addr !== undefined) resolve({ node: addr, stop });
    });
  });
}

module.exports = { startRegistry };
