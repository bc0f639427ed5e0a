import { readFileSync, readdirSync, readlinkSync } from "node:fs";

/** A server given with `--against`. */
export interface Rival {
  readonly host: string;
  readonly port: number;
  /** The process that listens there. */
  readonly pid: number;
}

/** Throws with one line when the URL is none, or when no process of ours listens there. */
export function parseRival(text: string): Rival {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:")
    throw new Error(`--against ${text}: give a URL such as http://127.0.0.1:7171`);
  const port = Number(url.port || 80);
  const pid = listenerOf(port);
  if (pid === undefined) {
    throw new Error(
      `--against ${text}: no process of this machine and user listens on port ${port}; its processor time is what is measured`,
    );
  }
  return { host: url.hostname, port, pid };
}

function listenerOf(port: number): number | undefined {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listening(table, port)));
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => linksOf(pid).some((link) => inodes.has(link)));
}

/** The sockets that listen on a port, as links in /proc name them. */
function listening(table: string, port: number): string[] {
  const LISTEN = "0A";
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return readFileSync(table, "latin1")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTEN && local?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9]}]`);
}

function linksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // Another user's process, or one that has ended.
    return [];
  }
}
