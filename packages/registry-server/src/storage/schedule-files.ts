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
  /** What it held when it was last looked at; undefined when that could not be read. */
  readonly text: string | undefined;
  /** The last good content; undefined when there never was one. */
  readonly schedule: Schedule | undefined;
  /** Why it cannot be used as it is; undefined when it can. */
  readonly problem: string | undefined;
}

/**
 * Keeps the registry's zone strategies as the files say; of two files for one app the last by name counts. A broken file
 * is logged once, named, and leaves the old strategy in force; a file that goes takes its strategy with it.
 */
export class ScheduleFiles {
  private readonly clock: Clock;
  private files: ReadonlyMap<string, File> = new Map();
  /** What the registry was told, by app and env. */
  private applied: ReadonlyMap<string, Schedule> = new Map();
  private readable = true;
  private stop: (() => void) | undefined;

  constructor(private readonly options: ScheduleFilesOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /** The names of files that cannot be used as they are. */
  get broken(): string[] {
    return [...this.files].filter(([, { problem }]) => problem !== undefined).map(([name]) => name);
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
    const names = await this.names();
    if (!names) return;
    const files = new Map<string, File>();
    for (const name of names) {
      const file = await this.read(name, this.files.get(name));
      if (file) files.set(name, file);
    }
    this.files = files;
    this.apply();
  }

  private async names(): Promise<string[] | undefined> {
    try {
      const names = await readdir(this.options.directory);
      this.readable = true;
      return names.filter((name) => name.endsWith(".json")).sort();
    } catch (err) {
      if (this.readable)
        this.options.logger.error(
          { err },
          "the directory of zone schedules cannot be read: the old ones stay",
        );
      this.readable = false;
      return undefined;
    }
  }

  /** Undefined when the file has gone between the listing and now. */
  private async read(name: string, known: File | undefined): Promise<File | undefined> {
    let text: string | undefined;
    try {
      text = await readFile(join(this.options.directory, name), "utf8");
      if (known?.text === text) return known;
      return { text, schedule: parseSchedule(text), problem: undefined };
    } catch (err) {
      const { code, message } = err as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (known?.problem !== message)
        this.options.logger.error({ file: name, err }, "zone schedule not usable: the old one stays");
      return { text, schedule: known?.schedule, problem: message };
    }
  }

  /** Tells the registry what is new and what has gone since it was last told. */
  private apply(): void {
    const wanted = new Map<string, Schedule>();
    for (const { schedule } of this.files.values()) {
      if (schedule) wanted.set(JSON.stringify([schedule.env, schedule.appid]), schedule);
    }
    const { registry, logger } = this.options;
    for (const [key, { env, appid }] of this.applied) {
      if (wanted.has(key)) continue;
      registry.schedule(env, appid, undefined);
      logger.info({ appid, env }, "zone schedule gone");
    }
    for (const [key, schedule] of wanted) {
      if (this.applied.get(key) === schedule) continue;
      registry.schedule(schedule.env, schedule.appid, schedule.scheduler);
      logger.info({ appid: schedule.appid, env: schedule.env }, "zone schedule loaded");
    }
    this.applied = wanted;
  }
}
