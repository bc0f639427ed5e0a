// Fails when an import crosses a layer of scripts/layers.json, when files import each other in a circle, and when a
// workspace imports what its package.json does not name. Imports of types count: a circle of types is still a circle.
//
//   node scripts/check-layers.mjs [repository]
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { circlesIn } from "./layers/circles.mjs";
import { importsOf } from "./layers/imports-of.mjs";
import { readJson, workspacesOf } from "./workspaces.mjs";

const root = resolve(process.argv[2] ?? join(import.meta.dirname, ".."));
const { workspaces: rules } = readJson(join(root, "scripts/layers.json"));
const workspaces = workspacesOf(root).map((workspace) => ({ ...workspace, rule: rules[workspace.dir] }));
const byName = new Map(workspaces.map((workspace) => [workspace.name, workspace]));

const files = workspaces.flatMap(filesOf);
const problems = [
  ...staleRules(),
  ...files.flatMap(barrelProblems),
  ...files.flatMap(importProblems),
  ...circles(),
];
for (const problem of problems) console.error(problem);
console.log(`${files.length} files in ${workspaces.length} workspaces, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;

function filesOf(workspace) {
  const entries = readdirSync(join(root, workspace.dir), { recursive: true, encoding: "utf8" });
  return entries
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".ts") && !/\.d\.ts$|(^|\/)(node_modules|dist|gen|coverage)\//.test(path))
    .map((path) => {
      const file = `${workspace.dir}/${path}`;
      const text = readFileSync(join(root, file), "utf8");
      return { file, path, workspace, isTest: isTest(path), imports: importsOf(file, text) };
    });
}

/** Tests and their fixtures reach into every folder of their own package. */
function isTest(path) {
  return /\.(test|e2e)\.ts$|\/testing\//.test(path);
}

function staleRules() {
  const dirs = new Set(workspaces.map(({ dir }) => dir));
  return Object.keys(rules)
    .filter((dir) => !dirs.has(dir))
    .map((dir) => `scripts/layers.json: ${dir} is not a workspace`);
}

/** One barrel a package, besides the entries of `exports`. */
function barrelProblems({ file, path, workspace }) {
  if (!workspace.rule || !path.endsWith("/index.ts") || entriesOf(workspace).has(path)) return [];
  return [`${file} is a second barrel: only what package.json exports has one`];
}

/** The source files that package.json offers to others: `./dist/x.js` in `exports` is `src/x.ts`. */
function entriesOf({ manifest }) {
  const targets = Object.values(manifest.exports ?? {}).map((target) => target.default ?? target);
  return new Set(targets.map((target) => target.replace(/^\.\/dist\//, "src/").replace(/\.js$/, ".ts")));
}

function importProblems(importer) {
  return importer.imports.flatMap((imported) => {
    const problem = imported.specifier.startsWith(".")
      ? withinWorkspace(importer, imported.specifier)
      : toPackage(importer, imported);
    return problem === undefined ? [] : [`${importer.file}:${imported.line} ${problem}`];
  });
}

function withinWorkspace({ file, path, workspace, isTest }, specifier) {
  const target = posix.join(posix.dirname(path), specifier);
  if (target.startsWith("../")) return `${specifier} leaves the package: import it by its name`;
  if (!workspace.rule || isTest) return undefined;
  const located = locate(file, specifier);
  const targetPath = located && posix.relative(workspace.dir, located);
  if (entriesOf(workspace).has(targetPath))
    return `${specifier} is what the package offers to others: import the file itself`;
  return betweenFolders(workspace.rule, path, targetPath ?? target);
}

function betweenFolders({ folders = {}, shared = [] }, path, target) {
  const [from, to] = [folderOf(path), folderOf(target)];
  if (from !== "" && !(from in folders)) return `folder ${from} is not in scripts/layers.json`;
  if (from === "" || from === to) return undefined;
  if (to === "") {
    if (shared.includes(posix.basename(target, ".ts"))) return undefined;
    return `${from} may not import ${posix.basename(target)}: no folder knows the package's root`;
  }
  return folders[from].includes(to) ? undefined : `${from} may not import ${to}`;
}

/** `src/http/app.ts` is in `http`, `src/config.ts` in the root: "". */
function folderOf(path) {
  const [, folder, ...rest] = path.split("/");
  return rest.length > 0 ? folder : "";
}

function toPackage({ workspace, isTest }, { specifier, typeOnly }) {
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return undefined;
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (name === workspace.name) return `${specifier} is this package itself: import the file`;
  const ours = byName.get(name);
  return (
    (ours && toOurs({ workspace, isTest }, { ours, specifier, typeOnly })) ??
    undeclared({ workspace, isTest }, { name, typeOnly })
  );
}

function toOurs({ workspace, isTest }, { ours, specifier, typeOnly }) {
  const { exports } = ours.manifest;
  if (exports && !(`.${specifier.slice(ours.name.length)}` in exports)) {
    return `${specifier} is not among the exports of ${ours.dir}/package.json`;
  }
  const { rule } = workspace;
  if (!rule || rule.imports.includes(ours.name)) return undefined;
  if (!rule.typeImports?.includes(ours.name)) return `${workspace.dir} may not import ${ours.name}`;
  return typeOnly || isTest ? undefined : `${workspace.dir} may import only types of ${ours.name}`;
}

/** A stranger's installation holds only what package.json names; here everything lies in one node_modules. */
function undeclared({ workspace: { manifest, dir }, isTest }, { name, typeOnly }) {
  const kinds = ["dependencies", "peerDependencies"];
  if (isTest || manifest.private) kinds.push("devDependencies");
  const declared = new Set(kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {})));
  if (declared.has(name) || (typeOnly && declared.has(`@types/${name}`))) return undefined;
  return `${name} is not among the ${kinds.join(", ")} of ${dir}/package.json`;
}

function circles() {
  const graph = new Map(
    files.map(({ file, imports }) => [
      file,
      imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .flatMap(({ specifier }) => locate(file, specifier) ?? []),
    ]),
  );
  return circlesIn(graph).map((circle) => `circle: ${circle.join(" -> ")}`);
}

/** The file that a relative import means, from the root. */
function locate(file, specifier) {
  const target = resolve(root, dirname(file), specifier);
  const found = [`${target}.ts`, join(target, "index.ts")].find((candidate) => existsSync(candidate));
  return found && relative(root, found).split(sep).join("/");
}
