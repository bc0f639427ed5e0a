// Prints what every suite has counted, and ends with the one line that .ci/run ends with: `N passed, N failed`.
//
//   node scripts/counts/closing-line.mjs [--clear] [check=0 e2e=1 …]
//
// The arguments are the stages that ran and their exit statuses. A stage that failed without a failed test (a lint
// error, a coverage gate, a crash) counts as one failure: the line never says that all is well when it is not.
// --clear removes the counts of earlier runs instead.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readJson, workspacesOf } from "../workspaces.mjs";

/** The suites whose failures make a stage fail. Every other suite belongs to `check`. */
const STAGE_OF = { e2e: "e2e" };

const root = process.env.COUNTS_ROOT ?? join(import.meta.dirname, "../..");
const files = countFiles();

if (process.argv[2] === "--clear") {
  for (const file of files) rmSync(file);
} else {
  report(files.map(readJson), process.argv.slice(2).map(parseStage));
}

function countFiles() {
  return ["", ...workspacesOf(root).map(({ dir }) => dir)]
    .map((dir) => join(root, dir, "coverage"))
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).map((name) => join(dir, name)))
    .filter((file) => file.endsWith(".counts.json"));
}

function parseStage(argument) {
  const [stage, status] = argument.split("=");
  return { stage, status: Number(status) };
}

function report(suites, stages) {
  const failures = stages.filter(({ stage, status }) => status !== 0 && !hasFailed(suites, stage));
  for (const { suite, passed, failed, skipped } of suites) {
    const more = skipped > 0 ? `, ${skipped} skipped` : "";
    console.log(`${suite.padEnd(20)} ${passed} passed, ${failed} failed${more}`);
  }
  for (const { stage, status } of failures) console.log(`${stage.padEnd(20)} ended with status ${status}`);
  const sum = (count) => suites.reduce((total, suite) => total + suite[count], 0);
  console.log(`${sum("passed")} passed, ${sum("failed") + failures.length} failed`);
}

function hasFailed(suites, stage) {
  return suites.some(({ suite, failed }) => failed > 0 && (STAGE_OF[suite] ?? "check") === stage);
}
