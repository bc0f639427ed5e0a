import { readFileSync, readdirSync } from "node:fs";

const NS_PER_US = 1_000;

/**
 * The processor time that a process has used, in microseconds: all its threads that live, to the nanosecond of the
 * scheduler's account (Linux; the kernel's usual figure comes in steps of 10 ms).
 */
export function processorTimeUs(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ", 1)[0]);
    } catch (error) {
      // A thread that has ended since its name was read.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return ns / NS_PER_US;
}

/** The memory of a process that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(kilobytes) * 1_024;
}
