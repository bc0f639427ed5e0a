// Fails when committed generated code differs, by a byte, from what its sources give now. Every workspace with a
// `generate` script is copied without its output, generated anew, and compared.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join, resolve } from "node:path";
import { workspacesOf } from "./workspaces.mjs";

const OUTPUT = "gen";
const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const generated = workspacesOf(root).filter(({ manifest }) => manifest.scripts?.generate);

const problems = generated.flatMap(differences);
for (const problem of problems) console.error(problem);
if (problems.length > 0) console.error("run `yarn generate` and commit what it changes");
console.log(`${generated.length} workspaces with generated code, ${problems.length} differences`);
process.exitCode = problems.length > 0 ? 1 : 0;

function differences({ dir, manifest }) {
  const copy = mkdtempSync(join(tmpdir(), "generated-"));
  try {
    const skipped = new Set([OUTPUT, "dist", "node_modules", ".turbo", "coverage"]);
    cpSync(join(root, dir), copy, { recursive: true, filter: (path) => !skipped.has(basename(path)) });
    generate(manifest.scripts.generate, { dir, copy });
    return compare(join(root, dir, OUTPUT), join(copy, OUTPUT), `${dir}/${OUTPUT}`);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function generate(script, { dir, copy }) {
  const bins = [join(root, dir, "node_modules/.bin"), join(root, "node_modules/.bin")];
  const env = { ...process.env, PATH: [...bins, process.env.PATH].join(delimiter) };
  const { status } = spawnSync(script, { cwd: copy, env, shell: true, stdio: "inherit" });
  if (status !== 0) throw new Error(`${dir}: \`${script}\` ended with status ${status}`);
}

function compare(committed, fresh, shown) {
  const names = [...new Set([...filesIn(committed), ...filesIn(fresh)])].sort();
  return names.flatMap((name) => {
    const [a, b] = [join(committed, name), join(fresh, name)];
    if (!existsSync(a)) return [`${shown}/${name} is missing`];
    if (!existsSync(b)) return [`${shown}/${name} is no longer generated`];
    return readFileSync(a).equals(readFileSync(b))
      ? []
      : [`${shown}/${name} differs from what its source gives`];
  });
}

function filesIn(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(dir, name)).isFile(),
  );
}
