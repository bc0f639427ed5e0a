import { status as Status } from "@grpc/grpc-js";
import type { SreBreaker } from "../breaker/sre-breaker";
import type { Stage } from "./outgoing-call";
import { isServerFailure } from "./status-codes";

export interface BreakerStageOptions {
  /** The method's breaker, undefined when it has none. Asked for each call. */
  readonly breakerOf: (method: string) => SreBreaker | undefined;
  /** Told of each call that is refused. */
  readonly onRefused?: ((method: string) => void) | undefined;
}

/** Refuses calls of a method while too many of them fail. The error is UNAVAILABLE and says so. */
export function createBreakerStage({ breakerOf, onRefused }: BreakerStageOptions): Stage {
  return {
    begin: (call) => {
      call.breaker = breakerOf(call.method);
      const reason = call.breaker?.refuse();
      if (reason === undefined) return;
      onRefused?.(call.method);
      call.refuse(Status.UNAVAILABLE, `refused by the circuit breaker of ${call.method}: ${reason}`);
    },
    end: ({ breaker }, status) => {
      // A caller that gave up says nothing about the server.
      if (status.code !== Status.CANCELLED) breaker?.record(!isServerFailure(status.code));
      return status;
    },
  };
}
