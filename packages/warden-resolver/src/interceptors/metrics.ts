import type { status as Status } from "@grpc/grpc-js";
import { Counter, type Registry } from "prom-client";
import { CallDurations } from "./call-durations";
import type { Stage } from "./outgoing-call";

/** The client's metrics. */
export interface ClientMetrics {
  observe(method: string, code: Status, durationMs: number): void;
  refused(method: string): void;
}

/** The client's metrics in `registry`. Clients that share a registry share them. */
export function createClientMetrics(registry: Registry): ClientMetrics {
  const durations = CallDurations.in({
    registry,
    name: "warden_client_call_duration_seconds",
    help: "Time of a gRPC call as its caller saw it, by method and status. Its count counts calls.",
  });
  const refusedName = "warden_client_breaker_refused_total";
  const refusals =
    (registry.getSingleMetric(refusedName) as Counter<"method"> | undefined) ??
    new Counter({
      name: refusedName,
      help: "Calls that the circuit breaker refused, by method. They are not in the durations.",
      labelNames: ["method"],
      registers: [registry],
    });
  return {
    observe: (method, code, durationMs) => durations.add(method, code, durationMs),
    refused: (method) => refusals.inc({ method }),
  };
}

/** Measures each call that goes out. */
export function createMetricsStage(metrics: ClientMetrics): Stage {
  return {
    end: ({ method, startedAt, endedAt }, status) => {
      metrics.observe(method, status.code, endedAt - startedAt);
      return status;
    },
  };
}
