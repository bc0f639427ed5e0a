import type { Clock } from "@discoveryd/runtime";
import { status as Status } from "@grpc/grpc-js";
import type { SreBreaker } from "../breaker/sre-breaker";
import type { OutgoingCall, Stage } from "./outgoing-call";
import { isServerFailure } from "./status-codes";

// A deadline noticed this long after it passed was not missed by the server alone: this process stood still.
const LATE_MS = 50;

export interface BreakerStageOptions {
  /** The method's breaker, undefined when it has none. Asked for each call. */
  readonly breakerOf: (method: string) => SreBreaker | undefined;
  /** Told of each call that is refused. */
  readonly onRefused?: ((method: string) => void) | undefined;
  readonly clock: Clock;
}

/** Refuses calls of a method while too many of them fail. The error is UNAVAILABLE and says so. */
export function createBreakerStage({ breakerOf, onRefused, clock }: BreakerStageOptions): Stage {
  const saysNothing = ({ options }: OutgoingCall, code: Status): boolean => {
    // A caller that gave up says nothing about the server, nor does a process that had no time to listen to it.
    if (code === Status.CANCELLED) return true;
    return code === Status.DEADLINE_EXCEEDED && clock.now() - Number(options.deadline) > LATE_MS;
  };
  return {
    begin: (call) => {
      call.breaker = breakerOf(call.method);
      const reason = call.breaker?.refuse(call.startedAt);
      if (reason === undefined) return;
      onRefused?.(call.method);
      call.refuse(Status.UNAVAILABLE, `refused by the circuit breaker of ${call.method}: ${reason}`);
    },
    end: (call, status) => {
      if (!saysNothing(call, status.code)) call.breaker?.record(call.endedAt, !isServerFailure(status.code));
      return status;
    },
  };
}
