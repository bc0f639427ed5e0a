import { AsyncLocalStorage } from "node:async_hooks";
import type { CallOptions, Metadata } from "@grpc/grpc-js";

/** What a call that is being served hands on to the calls made for it. */
export interface CallContext {
  /** When the caller stops waiting: milliseconds since the epoch, Infinity when it never does. */
  readonly deadline: number;
  /** What came with the call. Color, remote address and trace headers go on to outgoing calls. */
  readonly metadata: Metadata;
  /** Aborts when the caller stops waiting: its deadline has passed, or it has cancelled. */
  readonly signal: AbortSignal;
}

/** Call options, with one that dialled clients understand. */
export interface WardenCallOptions extends CallOptions {
  /**
   * The call being served, for which this one is made: its deadline bounds this call, its color and trace headers
   * go along. Default: the one WardenServer's handler runs in.
   */
  context?: CallContext;
}

// One for the process: it follows the asynchronous calls of all clients and servers in it, and holds no state itself.
const storage = new AsyncLocalStorage<CallContext>();

/** The call being served here, undefined outside of one. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Runs `fn`, and everything it starts, as part of serving a call. WardenServer does so for each handler. */
export function runInCall<T>(context: CallContext, fn: () => T): T {
  return storage.run(context, fn);
}
