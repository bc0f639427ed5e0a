import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ROOT } from "./harness/processes";

const scripts = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object }).scripts;

// Yarn's own, beside our scripts.
const YARN_COMMANDS = ["install", "jest"];

const pages = [".", "docs", "docs/decisions", "packages", "apps"]
  .flatMap((dir) => pagesIn(join(ROOT, dir)))
  .map((path) => relative(ROOT, path));

/** The Markdown files of a folder, and the READMEs one below it. */
function pagesIn(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return existsSync(join(path, "README.md")) ? [join(path, "README.md")] : [];
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

function textOf(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** What stands in a page's shell blocks and in its code spans. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.split("\n"));
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  return [...blocks, ...spans];
}

test.each(pages)("every command in %s exists", (page) => {
  const commands = commandsIn(textOf(page));
  const called = commands.flatMap((line) => /^(?:npm run|yarn) ([\w:-]+)/.exec(line)?.[1] ?? []);
  expect(called.filter((name) => !(name in scripts) && !YARN_COMMANDS.includes(name))).toEqual([]);
  const run = commands.flatMap((line) => /\bnode ((?:apps|packages|scripts)\/\S+)/.exec(line)?.[1] ?? []);
  expect(run.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test.each(pages)("every link in %s leads somewhere", (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = ""]) => link);
  const own = links.filter((link) => !/^[a-z]+:/.test(link));
  expect(own.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
});

test("the README calls what yarn dev says to call", () => {
  const said = readFileSync(join(ROOT, "scripts/dev/plan.test.mjs"), "utf8");
  const calls = textOf("README.md").match(/^curl '.*'$/gm) ?? [];
  expect(calls).toHaveLength(2);
  for (const call of calls) expect(said).toContain(call);
});
