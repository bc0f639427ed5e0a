import type { CallOptions, Metadata, status as Status, StatusObject } from "@grpc/grpc-js";
import type { SreBreaker } from "../breaker/sre-breaker";
import type { CallContext } from "./call-context";

/** A call on its way out. */
export interface OutgoingCall {
  /** `/package.Service/Method`. */
  readonly method: string;
  /** Either side sends any number of messages. */
  readonly streaming: boolean;
  /** The call being served, for which this one is made. */
  readonly context: CallContext | undefined;
  /** This call's own: a stage may change it. */
  readonly options: CallOptions;
  /** May be the caller's, who may use it again: a stage that changes it replaces it with a copy. */
  metadata: Metadata;
  /** When its stages began, in milliseconds of the monotonic clock. */
  readonly startedAt: number;
  /** When it ended, the same way; 0 before. */
  readonly endedAt: number;
  /** Ends the call before it starts. Later stages do not see it. */
  refuse(code: Status, details: string): void;

  // What stages remember of the call until its end.
  /** The configured timeout, when that is what bounds the call. */
  timeoutMs: number | undefined;
  /** Whether the deadline of the call being served is what bounds this one. */
  boundByContext: boolean;
  breaker: SreBreaker | undefined;
  span: unknown;
}

/**
 * One concern of outgoing calls. Stages begin in order; those that began end in the opposite order. A grpc-js interceptor
 * for each would wrap every call as often, at a cost that shows.
 */
export interface Stage {
  /** Before the call starts. */
  begin?(call: OutgoingCall): void;
  /** When it has ended. Returns the status that the caller sees. Runs once for each call that began. */
  end?(call: OutgoingCall, status: StatusObject): StatusObject;
}
