import { CodedError, codes } from "@discoveryd/protocol";
import { systemClock, type Clock } from "@discoveryd/runtime";

/** Reads are refused at most this long after the start, in milliseconds. */
const PROTECT_MS = 60_000;

/**
 * What a node that has just started does with reads.
 *
 * - protected: it refuses them; it does not know yet what its peers know. Until the first sync, at most 60 s.
 * - open: it answers them.
 */
export class Bootstrap {
  private state: "protected" | "open";
  private cancelTimer: (() => void) | undefined;

  /** @param protect whether it begins protected. */
  constructor(
    protect: boolean,
    private readonly clock: Clock = systemClock,
  ) {
    this.state = protect ? "protected" : "open";
  }

  start(): void {
    if (this.state === "protected") this.cancelTimer = this.clock.after(PROTECT_MS, () => this.open());
  }

  /** A peer has given what it knows, or there is none. */
  open(): void {
    this.state = "open";
    this.cancelTimer?.();
  }

  /** Why reads are refused just now; undefined when they are not. */
  refusal(): CodedError | undefined {
    if (this.state === "open") return undefined;
    return new CodedError(codes.unavailable, "this node is starting up and has not synced from a peer yet");
  }

  close(): void {
    this.cancelTimer?.();
  }
}
