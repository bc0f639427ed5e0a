// Runs the tests of the scripts, `scripts/**/*.test.mjs`, and leaves their counts where .ci/run adds them up.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { writeCounts } from "./counts/write-counts.cjs";

const root = join(import.meta.dirname, "..");
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.mjs"))
  .map((name) => join(import.meta.dirname, name));

const counts = { passed: 0, failed: 0, skipped: 0 };
const events = run({ files, concurrency: true });
events.on("test:pass", ({ skip }) => (skip === undefined ? counts.passed++ : counts.skipped++));
events.on("test:fail", () => {
  counts.failed++;
  process.exitCode = 1;
});
events.once("end", () => writeCounts(root, { suite: "scripts", ...counts }));
events.compose(spec).pipe(process.stdout);
