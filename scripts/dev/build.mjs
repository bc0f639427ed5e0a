import { existsSync } from "node:fs";
import { join } from "node:path";
import { spawnTurbo } from "../turbo.mjs";
import { ROOT } from "./plan.mjs";

/** Builds the packages and what they need. Quiet, unless it fails: then it rejects with what the build said. */
export async function build(packages, signal) {
  if (!existsSync(join(ROOT, "node_modules/.bin/turbo")))
    throw new Error("nothing is installed yet: run npm run setup first");
  const args = ["run", "build", "--output-logs=errors-only", ...packages.map((name) => `--filter=${name}`)];
  const turbo = spawnTurbo(args, ["ignore", "pipe", "pipe"]);
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
