import type { IncomingMessage, ServerResponse } from "node:http";
import type { Route } from "@discoveryd/protocol";
import { sendAnswer, type Answer } from "./answer";
import type { RawParams } from "./pairs";

/** Told of every answer. `params` are as the client sent them. */
export type Observe = (call: Call, answer: Answer) => void;

/** A request under `/discovery/` that no route takes. */
export interface Unserved {
  readonly req: IncomingMessage;
  /** As the client sent it, without its query: of any length. */
  readonly path: string;
  /** Those of the query: a body is not read. */
  readonly params: RawParams;
  /** When it came, in milliseconds of the monotonic clock. */
  readonly startedAt: number;
  /** The path's route, which takes another method; undefined when the path is nobody's. */
  readonly route: Route | undefined;
  /** The HTTP status of its answer. */
  readonly status: 404 | 405;
  /** Its answer. */
  readonly text: string;
}

/** Told of every request under `/discovery/` that no route takes, when it is answered. */
export type ObserveUnserved = (unserved: Unserved) => void;

const NO_BODY = Buffer.alloc(0);

/** One request under `/discovery/`, from its parameters to its one answer. */
export class Call {
  private answered = false;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    readonly route: Route,
    private readonly readParams: () => RawParams,
    /** When it came, in milliseconds of the monotonic clock. */
    readonly startedAt: number,
    private readonly observe: Observe,
    /** The body as it came; empty but on routes that take JSON as it is. */
    readonly body: Buffer = NO_BODY,
  ) {}

  /**
   * As the client sent them. Read anew each time: they are looked at once to serve the call, and again where it is logged,
   * and ten thousand polls that hang need not keep them.
   */
  get params(): RawParams {
    return this.readParams();
  }

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
