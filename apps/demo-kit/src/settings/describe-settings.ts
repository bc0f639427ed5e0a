import type { Setting, SettingsTable } from "./setting";

interface Row extends Setting<unknown> {
  readonly file: string;
  readonly key: string;
}

/** One line a setting, for `--help`: the environment variable, what it is for, the key and its default. */
export function settingsHelp(table: SettingsTable): string {
  const rows = rowsOf(table);
  const width = Math.max(...rows.map(({ env }) => env.length));
  return rows
    .map(({ file, key, env, fallback, doc }) => {
      return `  ${env.padEnd(width)}  ${doc} (${file}.toml: ${key} = ${JSON.stringify(fallback)})`;
    })
    .join("\n");
}

/** The same as a table for a README. */
export function settingsMarkdown(table: SettingsTable): string {
  const head = [
    "| file | key | environment | default | what it is | taken up |",
    "| --- | --- | --- | --- | --- | --- |",
  ];
  const rows = rowsOf(table).map(({ file, key, env, fallback, doc, live }) => {
    const cells = [`\`${file}.toml\``, `\`${key}\``, `\`${env}\``, `\`${JSON.stringify(fallback)}\``, doc];
    return `| ${cells.join(" | ")} | ${live ? "at once" : "at start"} |`;
  });
  return [...head, ...rows].join("\n");
}

function rowsOf(table: SettingsTable): Row[] {
  return Object.entries(table).flatMap(([file, keys]) =>
    Object.entries(keys).map(([key, setting]) => ({ file, key, ...setting })),
  );
}
