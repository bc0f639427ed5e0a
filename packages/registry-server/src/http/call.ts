import type { IncomingMessage, ServerResponse } from "node:http";
import type { Route } from "@discoveryd/protocol";
import { sendAnswer, type Answer } from "./answer";
import type { RawParams } from "./pairs";

/** Told of every answer. `params` are as the client sent them. */
export type Observe = (call: Call, answer: Answer) => void;

const NO_BODY = Buffer.alloc(0);

/** One request under `/discovery/`, from its parameters to its one answer. */
export class Call {
  private answered = false;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly route: Route,
    readonly params: RawParams,
    /** When it came, in milliseconds of the monotonic clock. */
    readonly startedAt: number,
    private readonly observe: Observe,
    /** The body as it came; empty but on routes that take JSON as it is. */
    readonly body: Buffer = NO_BODY,
  ) {}

  /** Sends the answer. Only the first counts; to a client that has gone it goes nowhere. */
  answer(answer: Answer, last = false): void {
    if (this.answered) return;
    this.answered = true;
    if (!this.res.destroyed) sendAnswer(this.res, answer, last);
    this.observe(this, answer);
  }

  /** Marks the call as answered by other means: its handler has written the response itself. */
  answeredAlready(answer: Answer): void {
    this.answered = true;
    this.observe(this, answer);
  }

  /** Calls `fn` once when the call is over, whether answered or not; at once when it is over already. */
  onOver(fn: () => void): void {
    if (this.res.destroyed) fn();
    else this.res.once("close", fn);
  }
}
