import type { Clock } from "@discoveryd/runtime";
import { Metadata, ServerInterceptingCall, status as Status, type ServerInterceptor } from "@grpc/grpc-js";
import type { CpuUsage } from "./cpu-usage";
import type { RecordServed } from "./metrics";

/** The trailer that tells clients how busy the server is, from 0 to 1000. */
export const CPU_USAGE_TRAILER = "cpu_usage";

export interface CallObserverOptions {
  readonly clock: Clock;
  readonly cpu: CpuUsage;
  readonly record: RecordServed | undefined;
}

/** Sees how each call ends: adds the `cpu_usage` trailer to its status, and writes the call down. */
export function createCallObserver({ clock, cpu, record }: CallObserverOptions): ServerInterceptor {
  return ({ path }, call) => {
    const startedAt = record ? clock.monotonic() : 0;
    let ended = false;
    const end = (code: Status) => {
      if (ended) return;
      ended = true;
      record?.(path, code, clock.monotonic() - startedAt);
    };
    return new ServerInterceptingCall(call, {
      start: (next) => next({ onCancel: () => end(Status.CANCELLED) }),
      sendStatus: (status, next) => {
        end(status.code);
        const metadata = status.metadata ?? new Metadata();
        metadata.set(CPU_USAGE_TRAILER, String(cpu.perMille));
        next({ ...status, metadata });
      },
    });
  };
}
