import type { SettingsTable } from "./setting";

/** One line a setting, for `--help`: the environment variable, the default, what it is for, where it stands. */
export function describeSettings(table: SettingsTable): string {
  const rows = Object.entries(table).flatMap(([file, keys]) =>
    Object.entries(keys).map(([key, setting]) => ({ file, key, ...setting })),
  );
  const width = Math.max(...rows.map(({ env }) => env.length));
  return rows
    .map(({ file, key, env, fallback, doc }) => {
      return `  ${env.padEnd(width)}  ${doc} (${file}.toml: ${key} = ${JSON.stringify(fallback)})`;
    })
    .join("\n");
}
