import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings, settingsMarkdown } from "@discoveryd/demo-kit";
import { settingsTable } from "./settings-table";

test("the README lists every setting", () => {
  const readme = readFileSync(join(__dirname, "../README.md"), "utf8");
  expect(readme).toContain(settingsMarkdown(settingsTable));
});

test("the settings files that come along say what counts without them", () => {
  const files = Object.keys(settingsTable).map(
    (file) => [file, join(__dirname, `../configs/${file}.toml`)] as const,
  );
  expect(files.filter(([, path]) => !existsSync(path))).toEqual([]);
  const texts = new Map(files.map(([file, path]) => [file, readFileSync(path, "utf8")]));
  expect(readSettings(settingsTable, texts, {})).toEqual(readSettings(settingsTable, new Map(), {}));
});
