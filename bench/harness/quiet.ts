import { setTimeout as sleep } from "node:timers/promises";
import { processorTimeUs } from "./processor-time";

const LOOK_MS = 100;
/** A process that uses at most so much of a look has nothing to do but its own timers. */
const IDLE_US = 5_000;
const LOOKS = 300;

/** Resolves when a process has done what it was given. Rejects when it is still busy after 30 s. */
export async function quiet(pid: number): Promise<void> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const before = processorTimeUs(pid);
    await sleep(LOOK_MS);
    if (processorTimeUs(pid) - before < IDLE_US) return;
  }
  throw new Error(`process ${pid} is busy for ${(LOOKS * LOOK_MS) / 1_000} s`);
}
