import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Put into a process' environment, it is handed on to all processes that come of it. */
export const MARK = "E2E_MARK";

/**
 * What runs of the processes that were started with this mark, and of those that they started: `pid command` each.
 * Only Linux tells another process' environment; elsewhere nothing is seen.
 */
export function markedProcesses(mark: string): string[] {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && has(name, mark))
    .map((pid) => `${pid} ${read(pid, "cmdline").replaceAll("\0", " ").trim()}`);
}

function has(pid: string, mark: string): boolean {
  return read(pid, "environ").split("\0").includes(`${MARK}=${mark}`);
}

/** Empty for a process that has ended meanwhile, or is another user's. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}
