// `yarn check`: everything CI runs but the end-to-end tests. Goes on after a failure, so that one run shows them all.
import { turbo } from "./turbo.mjs";

const steps = [
  ["build"],
  ["typecheck", "test", "lint", "format", "layers", "generated", "scripts:test"],
  // Alone: it starts processes of its own, whose time-outs a busy machine would test.
  ["pack:check"],
];

const failed = [];
for (const tasks of steps) {
  const status = await turbo([
    "run",
    ...tasks,
    "--continue=dependencies-successful",
    "--output-logs=new-only",
  ]);
  if (status === 0) continue;
  failed.push(tasks.join(", "));
  if (tasks.includes("build")) break;
}
if (failed.length > 0) console.error(`check: failed in ${failed.join(" and ")}: the lines above say where`);
process.exitCode = failed.length > 0 ? 1 : 0;
