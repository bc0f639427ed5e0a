import type { Clock } from "@discoveryd/runtime";
import { status as Status } from "@grpc/grpc-js";
import type { Stage } from "./outgoing-call";

export interface DeadlineOptions {
  /** A call of the method ends after this, in milliseconds. Infinity is no bound. Asked for each call. */
  readonly timeoutMs: (method: string, streaming: boolean) => number;
  readonly clock: Clock;
}

// Deadlines pass a little early: timers count from when the event loop last looked at the clock, and a server's from
// when it got the call, in whole milliseconds.
const EARLY_MS = 20;

/**
 * Bounds each call by the soonest of three: the deadline its caller gave, the configured timeout, and the deadline of
 * the call being served. An error says when it was not the caller's own.
 */
export function createDeadlineStage({ timeoutMs, clock }: DeadlineOptions): Stage {
  return {
    begin: (call) => {
      const { options } = call;
      const ownMs = timeoutMs(call.method, call.streaming);
      const configured = ownMs === Infinity ? Infinity : clock.now() + ownMs;
      const served = call.context?.deadline ?? Infinity;
      const asked = options.deadline === undefined ? Infinity : Number(options.deadline);
      if (asked <= configured && asked <= served) return;
      options.deadline = Math.min(configured, served);
      if (served < configured) call.boundByContext = true;
      else call.timeoutMs = ownMs;
    },
    end: (call, status) => {
      if (status.code !== Status.DEADLINE_EXCEEDED) return status;
      // A server may answer so earlier, for reasons of its own.
      if (clock.now() < Number(call.options.deadline) - EARLY_MS) return status;
      if (call.boundByContext) return withReason(status, "bound by the deadline of the call being served");
      if (call.timeoutMs === undefined) return status;
      return withReason(status, `bound by the client's timeout of ${call.timeoutMs} ms`);
    },
  };
}

function withReason<S extends { readonly details: string }>(status: S, reason: string): S {
  return { ...status, details: `${status.details}; ${reason}` };
}
