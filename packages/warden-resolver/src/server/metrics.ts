import { status as Status } from "@grpc/grpc-js";
import { Histogram, type Registry } from "prom-client";

/** Writes down a call that was served. */
export type RecordServed = (method: string, code: Status, durationMs: number) => void;

/** The server's metrics in `registry`. Servers that share a registry share them. */
export function createServerMetrics(registry: Registry): RecordServed {
  const name = "warden_server_call_duration_seconds";
  const durations =
    (registry.getSingleMetric(name) as Histogram<"method" | "code"> | undefined) ??
    new Histogram({
      name,
      help: "Time to serve a gRPC call, from its headers to its status, by method and status. Its count counts calls.",
      labelNames: ["method", "code"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
  return (method, code, durationMs) =>
    durations.observe({ method, code: Status[code] ?? String(code) }, durationMs / 1_000);
}
