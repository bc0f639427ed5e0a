import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { TomlError, parse as parseToml } from "smol-toml";
import { envName, settings, type Config, type Setting, type SettingName } from "./settings";

/** A wrong setting: its message is the one line that the process ends with. */
export class ConfigError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ConfigError";
  }
}

/** What the command line asks for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "run"; readonly config: Config };

/** The environment, as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Value = { readonly value: unknown; readonly source: string };

/** Flags beat the environment, which beats the file, which beats the defaults. Throws a ConfigError. */
export function readCommand(argv: readonly string[], environment: Environment): Command {
  const flags = readFlags(argv);
  if (flags.has("help") || flags.has("h")) return { kind: "help" };
  if (flags.has("version")) return { kind: "version" };
  const conf = flags.get("conf") ?? environment["DISCOVERYD_CONF"];
  const file = conf === undefined ? new Map<string, Value>() : readFile(conf);
  flags.delete("conf");
  const values = new Map<SettingName, unknown>();
  for (const [name, setting] of settingEntries()) {
    const found =
      fromFlags(setting, flags) ?? fromEnvironment(setting, environment) ?? fromFile(setting, file);
    values.set(name, found ? parseValue(setting, found) : setting.default);
  }
  rejectUnknown([...flags].map(([flag, value]) => [`--${flag}`, value]));
  rejectUnknown([...file].map(([key, { value }]) => [`${conf}: ${key}`, value]));
  return { kind: "run", config: completed(Object.fromEntries(values) as unknown as Config, conf) };
}

/** What `discoveryd --help` prints. */
export function helpText(): string {
  const lines = settingEntries().map(([, s]) => {
    const names = [...(s.flags ?? []), s.key].map((flag) => `--${flag}`).join(", ");
    const variables = [...(s.env ?? []), envName(s)].join(", ");
    return `  ${names}\n      ${s.doc}\n      default ${shownDefault(s)}; environment ${variables}`;
  });
  return [
    "discoveryd [--conf discovery.toml] [--<key> <value>]…",
    "",
    "A service registry over HTTP with long polls. Without any setting it is a single node on 127.0.0.1:7171.",
    "",
    "  --conf\n      The configuration file (TOML); environment DISCOVERYD_CONF",
    ...lines,
    "  --help, --version",
  ].join("\n");
}

export function settingEntries(): [SettingName, Setting][] {
  return Object.entries(settings) as [SettingName, Setting][];
}

/** A default as it would be written in the file. */
export function shownDefault({ default: value }: Setting): string {
  if (value instanceof Map) return "{}";
  return JSON.stringify(value);
}

/** Both `-name value` as the original takes it and `--name=value`. */
function readFlags(argv: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>();
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    const match = /^--?([A-Za-z][\w.]*)(?:=(.*))?$/s.exec(arg);
    if (!match) throw new ConfigError(`argument ${JSON.stringify(arg)}: not a flag; see discoveryd --help`);
    const next = argv[i + 1];
    if (match[2] !== undefined) flags.set((match[1] as string).toLowerCase(), match[2]);
    else if (next !== undefined && !/^--?[A-Za-z]/.test(next)) {
      flags.set((match[1] as string).toLowerCase(), next);
      i++;
    } else flags.set((match[1] as string).toLowerCase(), "true");
  }
  return flags;
}

/** The file's values by lower-case key; a table's keys are joined with dots, but for the table `zones`. */
function readFile(path: string): Map<string, Value> {
  const values = new Map<string, Value>();
  const add = (prefix: string, table: object) => {
    for (const [name, value] of Object.entries(table)) {
      const key = prefix + name.toLowerCase();
      const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
      if (isTable && key !== "zones") add(`${key}.`, value as object);
      else values.set(key, { value, source: `${path}: ${key}` });
    }
  };
  add("", parseFile(path));
  return values;
}

function parseFile(path: string): object {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(`configuration file ${path}: ${(error as Error).message}`, { cause: error });
  }
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0] as string;
    throw new ConfigError(`configuration file ${path}, line ${error.line}: ${reason}`, { cause: error });
  }
}

/** Takes the setting's flag out of the flags. */
function fromFlags(setting: Setting, flags: Map<string, string>): Value | undefined {
  for (const flag of [...(setting.flags ?? []), setting.key]) {
    const value = flags.get(flag);
    if (value === undefined) continue;
    flags.delete(flag);
    return { value, source: `--${flag}` };
  }
  return undefined;
}

/** An empty variable counts as absent: that is how shells and compose files leave one out. */
function fromEnvironment(setting: Setting, environment: Environment): Value | undefined {
  for (const name of [envName(setting), ...(setting.env ?? [])]) {
    const value = environment[name];
    if (value) return { value, source: name };
  }
  return undefined;
}

/** Takes the setting's value out of the file. */
function fromFile(setting: Setting, file: Map<string, Value>): Value | undefined {
  const found = file.get(setting.key);
  file.delete(setting.key);
  return found;
}

function parseValue(setting: Setting, { value, source }: Value): unknown {
  const result = setting.kind.schema.safeParse(value);
  if (result.success) return result.data;
  throw new ConfigError(`${source} = ${JSON.stringify(value)}: must be ${setting.kind.allowed}`);
}

function rejectUnknown(left: readonly [string, unknown][]): void {
  for (const [name, value] of left) {
    throw new ConfigError(
      `${name} = ${JSON.stringify(value)}: no such setting; discoveryd --help lists them all`,
    );
  }
}

function completed(config: Config, conf: string | undefined): Config {
  const directory = conf === undefined ? "" : dirname(resolve(conf));
  return { ...config, host: config.host || hostname(), schedulerDir: config.schedulerDir || directory };
}
