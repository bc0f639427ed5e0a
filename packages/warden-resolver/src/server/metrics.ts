import type { status as Status } from "@grpc/grpc-js";
import type { Registry } from "prom-client";
import { CallDurations } from "../interceptors/call-durations";

/** Writes down a call that was served. */
export type RecordServed = (method: string, code: Status, durationMs: number) => void;

/** The server's metrics in `registry`. Servers that share a registry share them. */
export function createServerMetrics(registry: Registry): RecordServed {
  const durations = CallDurations.in({
    registry,
    name: "warden_server_call_duration_seconds",
    help: "Time to serve a gRPC call, from its headers to its status, by method and status. Its count counts calls.",
  });
  return (method, code, durationMs) => durations.add(method, code, durationMs);
}
