import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { repeat, systemClock, type Clock } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Registry } from "../registry/registry";
import { parseSchedule, type Schedule } from "../registry/schedules";

/** How often the directory is looked at, in milliseconds. Polled: change events do not come on every file system. */
const LOOK_MS = 1_000;

export interface ScheduleFilesOptions {
  /** Where the `*.json` files are; empty: none. */
  readonly directory: string;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly clock?: Clock;
}

interface File {
  readonly text: string;
  /** The last good content; undefined when there never was one. */
  readonly schedule: Schedule | undefined;
  readonly broken: boolean;
}

/**
 * Keeps the registry's zone strategies as the files say. A broken file is logged once, counted, and leaves the old
 * strategy in force; a file that goes takes its strategy with it.
 */
export class ScheduleFiles {
  private readonly clock: Clock;
  private files: ReadonlyMap<string, File> = new Map();
  private stop: (() => void) | undefined;

  constructor(private readonly options: ScheduleFilesOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** The names of files that cannot be used as they are. */
  get broken(): string[] {
    return [...this.files].filter(([, file]) => file.broken).map(([name]) => name);
  }

  /** Resolves when the files were read for the first time. */
  async start(): Promise<void> {
    if (this.options.directory === "") return;
    await this.look();
    this.stop = repeat(this.clock, LOOK_MS, () => this.look());
  }

  close(): void {
    this.stop?.();
  }

  private async look(): Promise<void> {
    const files = new Map<string, File>();
    for (const name of await this.names()) {
      const text = await this.read(name);
      const known = this.files.get(name);
      if (text === undefined) continue;
      files.set(name, known?.text === text ? known : this.load(name, text, known));
    }
    for (const [name, { schedule }] of this.files) {
      if (schedule && !files.has(name)) this.drop(schedule);
    }
    this.files = files;
  }

  private load(name: string, text: string, known: File | undefined): File {
    try {
      const schedule = parseSchedule(text);
      const old = known?.schedule;
      if (old && (old.appid !== schedule.appid || old.env !== schedule.env)) this.drop(old);
      this.options.registry.schedule(schedule.env, schedule.appid, schedule.scheduler);
      this.options.logger.info(
        { file: name, appid: schedule.appid, env: schedule.env },
        "zone schedule loaded",
      );
      return { text, schedule, broken: false };
    } catch (error) {
      this.options.logger.error({ file: name, err: error }, "zone schedule not usable: the old one stays");
      return { text, schedule: known?.schedule, broken: true };
    }
  }

  private drop({ env, appid }: Schedule): void {
    this.options.registry.schedule(env, appid, undefined);
    this.options.logger.info({ appid, env }, "zone schedule gone");
  }

  private async names(): Promise<string[]> {
    try {
      const names = await readdir(this.options.directory);
      return names.filter((name) => name.endsWith(".json")).sort();
    } catch (error) {
      this.options.logger.error({ err: error }, "the directory of zone schedules cannot be read");
      return [...this.files.keys()];
    }
  }

  private async read(name: string): Promise<string | undefined> {
    try {
      return await readFile(join(this.options.directory, name), "utf8");
    } catch (error) {
      // Gone between the listing and now: the same as never listed.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.options.logger.error({ file: name, err: error }, "zone schedule cannot be read");
        return this.files.get(name)?.text;
      }
      return undefined;
    }
  }
}
