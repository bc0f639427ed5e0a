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
  const conf = confPath(flags.get("conf") ?? environment["DISCOVERYD_CONF"]);
  const file = conf === undefined ? new Map<string, Value>() : readFile(conf);
  flags.delete("conf");
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const [name, setting] of settingEntries()) {
    // All three are looked at, whichever wins: what is wrong must not wait for the day when the winner goes. And what is
    // left in flags and file afterwards is no setting.
    const found = [fromFlags(setting, flags), fromEnvironment(setting, environment), fromFile(setting, file)];
    const given = found.filter((each) => each !== undefined).map((value) => parseValue(setting, value));
    if (given.length > 0) [values[name]] = given;
  }
  rejectUnknown([...flags].map(([flag, value]) => [`--${flag}`, value]));
  rejectUnknown([...file].map(([key, { value }]) => [`${conf}: ${key}`, value]));
  return { kind: "run", config: completed(values as Partial<Config>, conf) };
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

/** Both `-name value` as the original takes it and `--name=value`; a flag without a value is true. */
function readFlags(argv: readonly string[]): Map<string, string | true> {
  const flags = new Map<string, string | true>();
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string;
    const match = /^--?([A-Za-z][\w.]*)(?:=(.*))?$/s.exec(arg);
    if (!match) throw new ConfigError(`argument ${JSON.stringify(arg)}: not a flag; see discoveryd --help`);
    const name = (match[1] as string).toLowerCase();
    const next = argv[i + 1];
    if (match[2] !== undefined) flags.set(name, match[2]);
    else if (next === undefined || /^--?[A-Za-z]/.test(next)) flags.set(name, true);
    else {
      flags.set(name, next);
      i++;
    }
  }
  return flags;
}

function confPath(value: string | true | undefined): string | undefined {
  if (value === true) throw new ConfigError("--conf: must name a file, for example --conf discovery.toml");
  return value === "" ? undefined : value;
}

/** The file's values by lower-case key; a table's keys are joined with dots, but for the table `zones`. */
function readFile(path: string): Map<string, Value> {
  const values = new Map<string, Value>();
  const add = (prefix: string, table: object) => {
    for (const [name, value] of Object.entries(table)) {
      const key = prefix + name.toLowerCase();
      const source = `${path}: ${key}`;
      if (key !== "zones" && isTable(value)) add(`${key}.`, value);
      else if (values.has(key))
        throw new ConfigError(`${source}: there twice; letters' case makes no difference`);
      else values.set(key, { value, source });
    }
  };
  add("", parseFile(path));
  return values;
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
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

/** Takes the setting's flags out of the flags: its own name goes before others. */
function fromFlags(setting: Setting, flags: Map<string, string | true>): Value | undefined {
  let found: Value | undefined;
  for (const flag of [...(setting.flags ?? []), setting.key]) {
    const value = flags.get(flag);
    if (value !== undefined) found = { value, source: `--${flag}` };
    flags.delete(flag);
  }
  return found;
}

/** An empty variable counts as absent: that is how shells and compose files leave one out. */
function fromEnvironment(setting: Setting, environment: Environment): Value | undefined {
  for (const name of [envName(setting), ...(setting.env ?? [])]) {
    const value = environment[name];
    if (value) return { value, source: name };
  }
  return undefined;
}

/** Takes the setting's value out of the file. To the original, too, an empty text is one left out. */
function fromFile(setting: Setting, file: Map<string, Value>): Value | undefined {
  const found = file.get(setting.key);
  file.delete(setting.key);
  return found?.value === "" ? undefined : found;
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

function completed(given: Partial<Config>, conf: string | undefined): Config {
  const defaults = Object.fromEntries(settingEntries().map(([name, setting]) => [name, setting.default]));
  const config = { ...(defaults as unknown as Config), ...given };
  return {
    ...config,
    nodes: given.nodes ?? aloneAt(config.addr),
    host: config.host || hostname(),
    schedulerDir: config.schedulerDir || (conf === undefined ? "" : dirname(resolve(conf))),
  };
}

/** The nodes of a zone with one node. One that listens on all addresses cannot be reached under that. */
function aloneAt(addr: string): readonly string[] {
  return /^(0\.0\.0\.0|\[::\])?:/.test(addr) ? [] : [addr];
}
