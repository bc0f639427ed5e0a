// turbo, as our scripts run it: no telemetry, and found together with yarn whatever the PATH is.
//
//   node scripts/turbo.mjs run build
import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");

/** Starts turbo in the root of the repository. */
export function spawnTurbo(args, stdio) {
  const env = {
    // Reports nothing, and leaves no settings file in the user's home.
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
    ...process.env,
    // turbo looks up the package manager on the PATH: npm and yarn put this folder there, a shell does not.
    PATH: `${bin}${delimiter}${process.env.PATH}`,
  };
  return spawn(join(bin, "turbo"), args, { cwd: root, env, stdio });
}

/** Resolves with turbo's exit status. A signal that reaches this process alone is passed on. */
export function turbo(args) {
  const child = spawnTurbo(args, "inherit");
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status) => resolve(status ?? 1));
  });
}

if (import.meta.filename === process.argv[1]) process.exitCode = await turbo(process.argv.slice(2));
