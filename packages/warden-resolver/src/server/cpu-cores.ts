import { readFileSync } from "node:fs";

/** Reads a file as text. Throws when there is none. */
export type ReadText = (path: string) => string;

/**
 * How many cores' worth of time this process' control group may use: 0.5 under a quota of half a core, Infinity
 * without a quota or on a system without control groups. Knows versions 2 and 1.
 */
export function cgroupCores(read: ReadText = (path) => readFileSync(path, "utf8")): number {
  const numbers = (...paths: string[]): number[] | undefined => {
    try {
      return paths.flatMap((path) => read(path).trim().split(/\s+/)).map(Number);
    } catch {
      // No such file: another version, or another system.
      return undefined;
    }
  };
  const root = "/sys/fs/cgroup";
  const [quota = NaN, period = NaN] =
    numbers(`${root}/cpu.max`) ??
    numbers(`${root}/cpu/cpu.cfs_quota_us`, `${root}/cpu/cpu.cfs_period_us`) ??
    [];
  // "max" in version 2 and -1 in version 1 mean that there is no quota.
  return quota > 0 && period > 0 ? quota / period : Infinity;
}
