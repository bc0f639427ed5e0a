import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { parseWithTimestamps } from "@discoveryd/protocol";
import { silentLogger, systemClock, type Clock, type Logger } from "@discoveryd/runtime";
import { infoFromWire, infoToWire } from "../http/wire-info";
import type { InstancesInfo } from "../naming";

export interface SnapshotFileOptions {
  readonly path: string;
  /** Apps of another env are not taken from the file. */
  readonly env: string;
  /** What makes the temporary file's name this process' own. */
  readonly processId: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** Changes of one moment are written together: a registry that comes back tells of all apps at once. */
const WRITE_DELAY_MS = 500;

/**
 * The last known apps on disk, for a start during an outage of the registry. Each write replaces the whole file at
 * once, so that a crash leaves the old one or the new one. A file that cannot be read or written is logged, and
 * otherwise as if there were none.
 */
export class SnapshotFile {
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly apps = new Map<string, InstancesInfo>();
  private cancelWrite: (() => void) | undefined;
  private writing: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(private readonly options: SnapshotFileOptions) {
    this.clock = options.clock ?? systemClock;
    this.logger = options.logger ?? silentLogger;
  }

  /** The apps in the file. They stay in it until something newer is known of them. */
  async load(): Promise<ReadonlyMap<string, InstancesInfo>> {
    const { path, env } = this.options;
    try {
      const apps = decodeSnapshot(await readFile(path, "utf8"), env);
      for (const [appid, info] of apps) if (!this.apps.has(appid)) this.apps.set(appid, info);
      return apps;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") {
        this.logger.warn({ path, cause }, "snapshot not readable");
      }
      return new Map();
    }
  }

  /** Writes an app's new state soon, together with others. */
  save(appid: string, info: InstancesInfo): void {
    this.apps.set(appid, info);
    if (this.isClosed) return;
    this.cancelWrite ??= this.clock.after(WRITE_DELAY_MS, () => this.startWrite());
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    this.isClosed = true;
    if (this.cancelWrite) this.startWrite();
    await this.writing;
  }

  private startWrite(): void {
    this.cancelWrite?.();
    this.cancelWrite = undefined;
    this.writing = this.writing.then(() => this.write());
  }

  private async write(): Promise<void> {
    const { path, env, processId } = this.options;
    const draft = `${path}.${processId}.tmp`;
    try {
      await writeFile(draft, encodeSnapshot(this.apps, env), { flush: true });
      await rename(draft, path);
    } catch (cause) {
      this.logger.warn({ path, cause }, "snapshot not written");
      await rm(draft, { force: true }).catch(() => undefined); // What matters is logged above.
    }
  }
}

function encodeSnapshot(apps: ReadonlyMap<string, InstancesInfo>, env: string): string {
  const members = [...apps].map(([appid, info]) => `${JSON.stringify(appid)}:${infoToWire(info)}`);
  return `{"version":1,"env":${JSON.stringify(env)},"apps":{${members.join(",")}}}\n`;
}

/** Throws when the text is no snapshot. One of another env has no apps. */
function decodeSnapshot(text: string, env: string): Map<string, InstancesInfo> {
  const file = parseWithTimestamps(text) as { version?: unknown; env?: unknown; apps?: unknown } | null;
  if (file?.version !== 1) throw new Error("not a snapshot of version 1");
  if (file.env !== env) return new Map();
  return new Map(Object.entries(file.apps ?? {}).map(([appid, value]) => [appid, infoFromWire(value)]));
}
