import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { residentBytes } from "./processor-time";
import { quiet } from "./quiet";

/** Flags for the node of a server whose memory is asked. */
export const COLLECTABLE = ["--expose-gc", "--require", join(__dirname, "collect.cjs")];

const PAUSE_MS = 300;

/** The memory that a process has in RAM, in bytes, once it has nothing to do and has collected its garbage. */
export async function settledBytes(pid: number): Promise<number> {
  // Twice: what a first collection finds free it gives back by and by.
  for (let i = 0; i < 2; i++) {
    await quiet(pid);
    process.kill(pid, "SIGUSR2");
    await sleep(PAUSE_MS);
  }
  await quiet(pid);
  return residentBytes(pid);
}
