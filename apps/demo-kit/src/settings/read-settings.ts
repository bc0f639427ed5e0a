import { parse, type TomlError } from "smol-toml";
import type { Setting, Settings, SettingsTable } from "./setting";

/** A key or a value that is wrong. The message is one line: where it stands, the value, what is allowed. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/**
 * The values of a table: the environment goes before the files, the files before the defaults.
 * An empty environment variable counts as absent. Throws a SettingError for a key that is not in the table, a value
 * that is not allowed, or a file that is no TOML.
 *
 * @param texts the settings files that exist, by name without `.toml`.
 */
export function readSettings<T extends SettingsTable>(
  table: T,
  texts: ReadonlyMap<string, string>,
  env: NodeJS.ProcessEnv,
): Settings<T> {
  const files = Object.entries(table).map(([file, keys]) => {
    const written = parseFile(file, texts.get(file) ?? "", Object.keys(keys));
    const values = Object.entries(keys).map(([key, setting]) => {
      return [key, readOne(setting, { file, key, written: written.get(key), env })] as const;
    });
    return [file, Object.fromEntries(values)] as const;
  });
  return Object.fromEntries(files) as Settings<T>;
}

function parseFile(file: string, text: string, known: readonly string[]): ReadonlyMap<string, unknown> {
  let table: Record<string, unknown>;
  try {
    table = parse(text);
  } catch (error) {
    // The parser's message goes on with a drawing of the place; its first line says it all.
    const { line, message } = error as TomlError;
    throw new SettingError(`${file}.toml, line ${line}: ${message.split("\n")[0]}`);
  }
  for (const [key, value] of Object.entries(table)) {
    if (known.includes(key)) continue;
    throw new SettingError(
      `${file}.toml: ${key} = ${JSON.stringify(value)}: no such key, use ${known.join(", ")}`,
    );
  }
  return new Map(Object.entries(table));
}

interface Place {
  readonly file: string;
  readonly key: string;
  readonly written: unknown;
  readonly env: NodeJS.ProcessEnv;
}

function readOne<T>(setting: Setting<T>, { file, key, written, env }: Place): T {
  const fromEnv = env[setting.env] || undefined;
  const value = fromEnv ?? written ?? setting.fallback;
  const result = setting.schema.safeParse(value);
  if (result.success) return result.data;
  const where = fromEnv === undefined ? `${file}.toml: ${key}` : setting.env;
  throw new SettingError(`${where} = ${JSON.stringify(value)}: use ${setting.allowed}`);
}
