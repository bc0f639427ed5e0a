// `yarn check`: everything CI runs but the end-to-end tests. Goes on after a failure, so that one run shows them all.
import { turbo } from "./turbo.mjs";

const steps = [
  ["build"],
  ["typecheck", "test", "lint", "format", "layers", "generated", "scripts:test"],
  // Alone: it starts processes of its own, whose time-outs a busy machine would test.
  ["pack:check"],
];

let failed = false;
for (const tasks of steps) {
  const status = await turbo([
    "run",
    ...tasks,
    "--continue=dependencies-successful",
    "--output-logs=new-only",
  ]);
  failed ||= status !== 0;
  if (status !== 0 && tasks.includes("build")) break;
}
if (failed) console.error("check: the lines above that begin with `Failed:` name what has to be put right");
process.exitCode = failed ? 1 : 0;
