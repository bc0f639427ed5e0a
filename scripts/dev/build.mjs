import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { ROOT } from "./plan.mjs";

const BIN = join(ROOT, "node_modules/.bin");

/** Builds the packages and what they need. Quiet, unless it fails: then it rejects with what the build said. */
export async function build(packages, signal) {
  if (!existsSync(join(BIN, "turbo"))) throw new Error("nothing is installed yet: run npm run setup first");
  const args = ["run", "build", "--output-logs=errors-only", ...packages.map((name) => `--filter=${name}`)];
  const turbo = spawn(join(BIN, "turbo"), args, {
    cwd: ROOT,
    // turbo looks for yarn on the PATH; npm and yarn put this folder there, a bare `node scripts/dev.mjs` does not.
    env: { TURBO_TELEMETRY_DISABLED: "1", ...process.env, PATH: `${BIN}${delimiter}${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  turbo.stdout.on("data", (chunk) => said.push(chunk));
  turbo.stderr.on("data", (chunk) => said.push(chunk));
  const end = () => turbo.kill("SIGTERM");
  signal.addEventListener("abort", end, { once: true });
  const code = await new Promise((resolve, reject) => {
    turbo.once("error", reject);
    turbo.once("close", resolve);
  });
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the build failed:\n${Buffer.concat(said)}`);
}
