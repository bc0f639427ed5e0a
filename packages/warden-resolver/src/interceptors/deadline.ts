import type { Clock } from "@discoveryd/runtime";
import { status as Status } from "@grpc/grpc-js";
import type { Ending, OutgoingCall, Stage } from "./outgoing-call";

export interface DeadlineOptions {
  /** A unary call of the method ends after this, in milliseconds. Infinity is no bound. Asked for each call. */
  readonly timeoutMs: (method: string, streaming: boolean) => number;
  readonly clock: Clock;
}

/**
 * Bounds each call by the soonest of three: the deadline its caller gave, the configured timeout, and the deadline of
 * the call being served. An error says when it was not the caller's own.
 */
export function createDeadlineStage({ timeoutMs, clock }: DeadlineOptions): Stage {
  return (call) => {
    const own = timeoutMs(call.method, call.streaming);
    const configured = own === Infinity ? Infinity : clock.now() + own;
    const served = call.context?.deadline ?? Infinity;
    const asked = askedDeadline(call);
    if (asked <= configured && asked <= served) return undefined;
    const deadline = Math.min(configured, served);
    call.options.deadline = deadline;
    const reason =
      served < configured
        ? "bounded by the deadline of the call being served"
        : `bounded by the timeout of ${own} ms`;
    return explain(reason, () => clock.now() >= deadline);
  };
}

function askedDeadline({ options }: OutgoingCall): number {
  return options.deadline === undefined ? Infinity : Number(options.deadline);
}

/** A server may answer DEADLINE_EXCEEDED earlier, for reasons of its own. */
function explain(reason: string, isOver: () => boolean): Ending {
  return (status) => {
    if (status.code !== Status.DEADLINE_EXCEEDED || !isOver()) return status;
    return { ...status, details: `${status.details}; ${reason}` };
  };
}
