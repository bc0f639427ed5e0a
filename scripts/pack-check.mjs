// Packs every public package, and tries the tarballs as a stranger would: in an empty project outside of the
// repository, with nothing of ours but what they hold. Publishes nothing.
//
//   node scripts/pack-check.mjs [--keep]      --keep leaves the stranger's project there to look at
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { writeCounts } from "./counts/write-counts.cjs";
import { Checks } from "./pack/checks.mjs";
import { contentProblems } from "./pack/content-problems.mjs";
import { pack } from "./pack/pack.mjs";
import { readmePrograms } from "./pack/readme-programs.mjs";
import { Stranger } from "./pack/stranger.mjs";
import { publicPackagesOf } from "./workspaces.mjs";

const root = join(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");
process.env.PATH = `${bin}${delimiter}${process.env.PATH}`;
const run = promisify(execFile);

const out = mkdtempSync(join(tmpdir(), "discoveryd-pack-"));
const checks = new Checks();
const tarballs = new Map();
const examples = [];
try {
  const packages = publicPackagesOf(root);
  for (const { dir, name, manifest } of packages) await checkPackage(dir, name, manifest);
  if (tarballs.size === packages.length) await checkAsStranger(new Stranger(join(out, "stranger")));
} finally {
  if (process.argv.includes("--keep")) console.log(`left in ${out}`);
  else rmSync(out, { recursive: true });
}
writeCounts(root, { suite: "pack-check", passed: checks.passed, failed: checks.failed, skipped: 0 });
console.log(`pack check: ${checks.passed} passed, ${checks.failed} failed`);
process.exitCode = checks.failed > 0 ? 1 : 0;

async function checkPackage(dir, name, manifest) {
  let packed;
  const isPacked = await checks.run(`${name} packs`, async () => {
    packed = await pack(join(root, dir), join(out, basename(dir)));
  });
  if (!isPacked) return;
  tarballs.set(name, packed.tarball);
  const read = (file) => readFileSync(join(packed.unpacked, file), "utf8");
  if (packed.files.includes("README.md"))
    examples.push(...readmePrograms(read("README.md")).map((program) => ({ name, program })));
  await checks.run(`${name} holds what it should`, () => contentProblems(packed.files, read));
  await checks.run(`${name} passes publint`, async () => {
    const { messages } = await publint({ pkgDir: packed.unpacked, pack: false, strict: true });
    return messages.map((message) => formatMessage(message, manifest, { color: false }));
  });
  await checks.run(`${name} has the right types under every module resolution`, async () => {
    await run("attw", [packed.tarball, "--format", "ascii", "--no-color", "--no-emoji"]);
  });
}

async function checkAsStranger(stranger) {
  const isInstalled = await checks.run("npm installs the tarballs in an empty project", () =>
    stranger.install(tarballs, { "@grpc/grpc-js": "~1.14.0", "@types/node": "20" }),
  );
  if (!isInstalled) return;
  await checks.run("the project has one copy of each package of ours, and of grpc-js", () =>
    stranger.nestedCopies((name) => name.startsWith("@discoveryd/") || name === "@grpc/grpc-js"),
  );
  for (const { name, program } of examples) {
    await checks.run(`the example in ${name}'s README runs`, () => stranger.runText(program));
  }
  for (const [what, program] of [
    ["a CommonJS program", "commonjs.cjs"],
    ["an ES module", "module.mjs"],
  ]) {
    await checks.run(`${what} starts discoveryd, registers and calls`, () =>
      stranger.run(process.execPath, [program]),
    );
  }
  const isCompiled = await checks.run("strict TypeScript compiles, the libraries' own types included", () =>
    stranger.run(join(bin, "tsc"), ["-p", "tsconfig.json"]),
  );
  if (!isCompiled) return;
  for (const program of ["build/strict.cjs", "build/strict.mjs"]) {
    await checks.run(`what it compiled to, ${program}, registers and calls`, () =>
      stranger.run(process.execPath, [program]),
    );
  }
}
