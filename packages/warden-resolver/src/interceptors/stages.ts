import type { Clock } from "@discoveryd/runtime";
import type { StatusObject } from "@grpc/grpc-js";
import type { OutgoingCall, Stage } from "./outgoing-call";
import { failureStatus } from "./recovery";

/** A call as its stages leave it. */
export interface StagedState extends OutgoingCall {
  startedAt: number;
  endedAt: number;
  /** How many stages it has begun and not ended. */
  begun: number;
  /** How it ends when a stage has refused it. */
  readonly refusal: StatusObject | undefined;
}

/** All that happens to a call on its way out and back, in order. */
export class Stages {
  constructor(
    private readonly stages: readonly Stage[],
    private readonly clock: Clock,
  ) {}

  /** Begins the stages. Returns how the call ends that must not start: a stage refused it, or failed. */
  begin(call: StagedState): StatusObject | undefined {
    call.startedAt = this.clock.monotonic();
    try {
      for (const stage of this.stages) {
        stage.begin?.(call);
        if (call.refusal) return call.refusal;
        call.begun++;
      }
      return undefined;
    } catch (error) {
      return failureStatus(error, call.method);
    }
  }

  /** Ends those that began, in the opposite order. Returns the status that the caller sees. */
  end(call: StagedState, status: StatusObject): StatusObject {
    call.endedAt = this.clock.monotonic();
    let seen = status;
    while (call.begun > 0) {
      const stage = this.stages[--call.begun] as Stage;
      if (stage.end) seen = stage.end(call, seen);
    }
    return seen;
  }
}
