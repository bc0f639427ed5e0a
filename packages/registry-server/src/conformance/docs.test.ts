import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { routes } from "@discoveryd/protocol";
import { documents } from "./testing/docs/documents";
import { fillSections } from "./testing/docs/markdown";

const SOURCES = join(__dirname, "..");
const DOCS = join(__dirname, "../../../../docs");

test.each(documents().map((document) => [basename(document.path), document] as const))(
  "docs/%s says what the tables say: node scripts/write-docs.mjs writes it anew",
  (_name, { current, expected }) => {
    expect(current).toBe(expected);
  },
);

test("docs/protocol.md names every route with all its parameters", () => {
  const text = readFileSync(join(DOCS, "protocol.md"), "utf8");
  const described = text.split(/^### (?=GET|POST)/m).slice(1);
  for (const { method, path, params } of Object.values(routes)) {
    const section = described.find((part) => part.startsWith(`${method} ${path}\n`)) ?? "";
    expect(Object.keys(params).filter((name) => !section.includes(`| \`${name}\` |`))).toEqual([]);
  }
  expect(described).toHaveLength(Object.keys(routes).length);
});

test("docs/operations.md lists the log lines that there are", () => {
  const text = readFileSync(join(DOCS, "operations.md"), "utf8");
  const listed = [...text.matchAll(/^\| (info|warn|error|fatal) \| `([^`]+)` \|/gm)];
  expect(listed.map(([, level, message]) => `${level} ${message}`).sort()).toEqual([...logLines()].sort());
});

test("a generated section that no table fills, and one that stands twice, are errors", () => {
  const section = "<!-- generated: codes -->\nold\n<!-- end -->";
  expect(fillSections(section, { codes: "new" })).toBe("<!-- generated: codes -->\n\nnew\n\n<!-- end -->");
  expect(() => fillSections(section, {})).toThrow("no such section");
  expect(() => fillSections(`${section}\n${section}`, { codes: "" })).toThrow("stands twice");
  expect(() => fillSections("", { codes: "" })).toThrow("codes");
});

/** Level and message of every log line above debug in the sources. */
function logLines(): Set<string> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter(
    (path) => /\.ts$/.test(path) && !/\.test\.ts$|testing\//.test(path),
  );
  const calls = files.flatMap((path) => [
    ...readFileSync(join(SOURCES, path), "utf8").matchAll(
      /logger\s*\.(info|warn|error|fatal)\(([^;]*?)\);?$/gm,
    ),
  ]);
  const lines = calls.map(([, level, args]) => [level, /"([^"]+)",?\s*$/.exec(args as string)?.[1]] as const);
  return new Set(lines.map(([level, message]) => `${level} ${message}`));
}
