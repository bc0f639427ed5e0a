import { existsSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { Emitter, systemClock, type Clock } from "@discoveryd/runtime";
import { readSettings, SettingError } from "./read-settings";
import type { Settings, SettingsTable } from "./setting";

// An editor writes a file in several steps; one look after the last of them is enough.
const SETTLE_MS = 50;

export interface LiveSettingsOptions<T extends SettingsTable> {
  readonly table: T;
  /** The folder of the settings files. Files that are not there count as empty. */
  readonly dir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock?: Clock;
}

/** The settings as the files say now. A change that is wrong is logged, and what was there stays. */
export class LiveSettings<T extends SettingsTable> {
  private values: Settings<T>;
  private readonly changes = new Emitter<Settings<T>>();
  private endWatch: () => void = () => {};

  /** Throws a SettingError when the settings are wrong. */
  constructor(private readonly options: LiveSettingsOptions<T>) {
    if (!existsSync(options.dir) || !statSync(options.dir).isDirectory()) {
      throw new SettingError(`--conf ${options.dir}: no such folder, use one with settings files (*.toml)`);
    }
    this.values = this.read();
  }

  get current(): Settings<T> {
    return this.values;
  }

  /** Calls `listener` after each change of a value that counts at once. Calling the result ends it. */
  onChange(listener: (values: Settings<T>) => void): () => void {
    return this.changes.on(listener);
  }

  /** Watches the folder until `close`. */
  start(logger: Logger): void {
    const { dir, clock = systemClock } = this.options;
    let cancel: () => void = () => {};
    // The folder, not the files: most editors, and Kubernetes, put a new file in the place of the old one.
    const watcher = watch(dir, { persistent: false }, () => {
      cancel();
      cancel = clock.after(SETTLE_MS, () => this.reload(logger));
    });
    watcher.on("error", (cause) => logger.warn({ dir, cause }, "settings are no longer watched"));
    this.endWatch = () => {
      cancel();
      watcher.close();
    };
  }

  /** Safe to call twice. */
  close(): void {
    this.endWatch();
  }

  private read(): Settings<T> {
    const { table, dir, env } = this.options;
    const texts = Object.keys(table).flatMap((file) => {
      const path = join(dir, `${file}.toml`);
      return existsSync(path) ? [[file, readFileSync(path, "utf8")] as const] : [];
    });
    return readSettings(table, new Map(texts), env);
  }

  private reload(logger: Logger): void {
    let next: Settings<T>;
    try {
      next = this.read();
    } catch (error) {
      if (!(error instanceof SettingError)) throw error;
      logger.error({ reason: error.message }, "settings are wrong, the old ones stay");
      return;
    }
    const changed = changedKeys(this.options.table, this.values, next);
    this.values = next;
    if (changed.live.length > 0) logger.info({ changed: changed.live }, "settings changed");
    if (changed.later.length > 0)
      logger.warn({ changed: changed.later }, "settings count from the next start");
    if (changed.live.length > 0) this.changes.emit(next);
  }
}

function changedKeys<T extends SettingsTable>(table: T, before: Settings<T>, after: Settings<T>) {
  const live: string[] = [];
  const later: string[] = [];
  for (const [file, keys] of Object.entries(table)) {
    for (const [key, setting] of Object.entries(keys)) {
      const was = JSON.stringify(before[file]?.[key]);
      if (was !== JSON.stringify(after[file]?.[key])) (setting.live ? live : later).push(`${file}.${key}`);
    }
  }
  return { live, later };
}
