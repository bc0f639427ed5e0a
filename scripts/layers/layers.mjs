import { existsSync, readFileSync, readdirSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { readJson, workspacesOf } from "../workspaces.mjs";
import { circlesIn } from "./circles.mjs";
import { importsOf } from "./imports-of.mjs";

/** A repository's TypeScript files, and what they import. */
export class Layers {
  /** @param {string} root its folder, with the rules in scripts/layers.json */
  constructor(root) {
    this.root = root;
    this.rules = readJson(join(root, "scripts/layers.json")).workspaces;
    this.workspaces = workspacesOf(root).map((workspace) => ({
      ...workspace,
      rule: this.rules[workspace.dir],
    }));
    this.byName = new Map(this.workspaces.map((workspace) => [workspace.name, workspace]));
    this.files = this.workspaces.flatMap((workspace) => this.filesOf(workspace));
  }

  /** What is wrong, each in one line that begins with the file. */
  problems() {
    return [
      ...this.staleRules(),
      ...this.files.flatMap(barrelProblems),
      ...this.files.flatMap((file) => this.importProblems(file)),
      ...this.circles(),
    ];
  }

  filesOf(workspace) {
    const entries = readdirSync(join(this.root, workspace.dir), { recursive: true, encoding: "utf8" });
    return entries
      .map((path) => path.split(sep).join("/"))
      .filter(
        (path) => path.endsWith(".ts") && !/\.d\.ts$|(^|\/)(node_modules|dist|gen|coverage)\//.test(path),
      )
      .map((path) => {
        const file = `${workspace.dir}/${path}`;
        const text = readFileSync(join(this.root, file), "utf8");
        return { file, path, workspace, isTest: isTest(path), imports: importsOf(file, text) };
      });
  }

  staleRules() {
    const dirs = new Set(this.workspaces.map(({ dir }) => dir));
    return Object.keys(this.rules)
      .filter((dir) => !dirs.has(dir))
      .map((dir) => `scripts/layers.json: ${dir} is not a workspace`);
  }

  importProblems(importer) {
    return importer.imports.flatMap((imported) => {
      const problem = imported.specifier.startsWith(".")
        ? this.withinWorkspace(importer, imported.specifier)
        : this.toPackage(importer, imported);
      return problem === undefined ? [] : [`${importer.file}:${imported.line} ${problem}`];
    });
  }

  withinWorkspace({ file, path, workspace, isTest }, specifier) {
    const target = posix.join(posix.dirname(path), specifier);
    if (target.startsWith("../")) return `${specifier} leaves the package: import it by its name`;
    if (!workspace.rule || isTest) return undefined;
    const located = this.locate(file, specifier);
    const targetPath = located && posix.relative(workspace.dir, located);
    if (entriesOf(workspace).has(targetPath)) {
      return `${specifier} is what the package offers to others: import the file itself`;
    }
    return betweenFolders(workspace.rule, path, targetPath ?? target);
  }

  toPackage({ workspace, isTest }, { specifier, typeOnly }) {
    if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return undefined;
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    if (name === workspace.name) return `${specifier} is this package itself: import the file`;
    const ours = this.byName.get(name);
    const problem = ours && toOurs({ workspace, isTest }, { ours, specifier, typeOnly });
    return problem ?? undeclared({ workspace, isTest }, { name, typeOnly });
  }

  circles() {
    const graph = new Map(
      this.files.map(({ file, imports }) => [
        file,
        imports
          .filter(({ specifier }) => specifier.startsWith("."))
          .flatMap(({ specifier }) => this.locate(file, specifier) ?? []),
      ]),
    );
    return circlesIn(graph).map((circle) => `circle: ${circle.join(" -> ")}`);
  }

  /** The file that a relative import means, from the root. */
  locate(file, specifier) {
    const target = resolve(this.root, dirname(file), specifier);
    const found = [`${target}.ts`, join(target, "index.ts")].find((candidate) => existsSync(candidate));
    return found && relative(this.root, found).split(sep).join("/");
  }
}

/** Tests and their fixtures reach into every folder of their own package. */
function isTest(path) {
  return /\.(test|e2e)\.ts$|\/testing\//.test(path);
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
