import { resolve } from "node:path";
import { inspect, parseArgs } from "node:util";
import { settingsHelp } from "../settings/describe-settings";
import { LiveSettings } from "../settings/live-settings";
import { SettingError } from "../settings/read-settings";
import type { SettingsTable } from "../settings/setting";

export interface MainOptions<T extends SettingsTable> {
  /** The application's name, in front of what it says on stderr. */
  readonly name: string;
  /** What the application does, in one line, for `--help`. */
  readonly about: string;
  readonly table: T;
  /** Where the settings files are, unless `--conf` says otherwise. */
  readonly confDir: string;
  /** Runs the application to its end. What it throws ends the process with one line and exit status 1. */
  readonly run: (settings: LiveSettings<T>) => Promise<void>;
}

/** What `runMain` needs of a process. */
export interface MainProcess {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): void;
}

/** The outermost function of a process: flags and settings, the application, its exit status. */
export async function runMain<T extends SettingsTable>(
  options: MainOptions<T>,
  proc: MainProcess = process,
): Promise<void> {
  try {
    const flags = readFlags(options, proc);
    if (flags.help) {
      proc.stdout.write(helpText(options));
    } else {
      await options.run(new LiveSettings({ table: options.table, dir: resolve(flags.conf), env: proc.env }));
    }
  } catch (error) {
    proc.stderr.write(`${options.name}: ${describe(error, proc)}\n`);
    return proc.exit(1);
  }
  // Not left to an empty event loop: a parent's IPC channel would hold the process.
  proc.exit(0);
}

function readFlags<T extends SettingsTable>({ confDir }: MainOptions<T>, { argv }: MainProcess) {
  try {
    const { values } = parseArgs({
      args: argv.slice(2),
      options: { conf: { type: "string", default: confDir }, help: { type: "boolean", default: false } },
    });
    return values;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\.\s/);
    throw new SettingError(`${reason}: use --conf <folder> or --help`);
  }
}

function helpText<T extends SettingsTable>({ name, about, table }: MainOptions<T>): string {
  return [
    `${name}: ${about}`,
    `usage: ${name} [--conf <folder>] [--help]`,
    "",
    "Environment variables; each goes before the key of the settings file it is named with:",
    settingsHelp(table),
    "",
  ].join("\n");
}

/** One line; the stack is for those who ask for it. */
function describe(error: unknown, { env }: MainProcess): string {
  return env["LOG_LEVEL"] === "debug"
    ? inspect(error)
    : error instanceof Error
      ? error.message
      : String(error);
}
