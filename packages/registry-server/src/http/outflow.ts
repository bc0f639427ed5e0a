import type { ServerResponse } from "node:http";
import type { Clock } from "@discoveryd/runtime";

/** With more bytes than this under way the rest of a fan-out waits: the kernel takes as many within a few milliseconds. */
const MOST_BYTES = 16 * 1_048_576;
/** A client that takes longer for its answer, in milliseconds, does not count any more: others do not wait for it. */
const PATIENCE_MS = 500;

/**
 * What clients have been sent and the kernel has not taken. Answers of megabytes to a thousand clients are gigabytes: with all
 * of them under way, every connection can be written to at once, and that is one turn of the event loop, of half a second.
 */
export class Outflow {
  private bytes = 0;

  constructor(private readonly clock: Clock) {}

  get isFull(): boolean {
    return this.bytes > MOST_BYTES;
  }

  /** Counts an answer that has just been sent, until the kernel has taken it, or for as long as patience lasts. */
  follow(res: ServerResponse): void {
    const bytes = res.socket?.writableLength ?? 0;
    if (bytes === 0) return;
    this.bytes += bytes;
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      this.bytes -= bytes;
      cancel();
    };
    const cancel = this.clock.after(PATIENCE_MS, end);
    res.once("close", end);
  }
}
