import type { Clock } from "@discoveryd/runtime";
import { status as Status } from "@grpc/grpc-js";
import { Counter, Histogram, type Registry } from "prom-client";
import type { Stage } from "./outgoing-call";

/** The client's metrics. */
export interface ClientMetrics {
  observe(method: string, code: Status, durationMs: number): void;
  refused(method: string): void;
}

/** The client's metrics in `registry`. Clients that share a registry share them. */
export function createClientMetrics(registry: Registry): ClientMetrics {
  const durations = oneOf(registry, "warden_client_call_duration_seconds", (name) => {
    return new Histogram({
      name,
      help: "Time of a gRPC call as its caller saw it, by method and status. Its count counts calls.",
      labelNames: ["method", "code"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
  });
  const refusals = oneOf(registry, "warden_client_breaker_refused_total", (name) => {
    return new Counter({
      name,
      help: "Calls that the circuit breaker refused, by method. They are not in the durations.",
      labelNames: ["method"],
      registers: [registry],
    });
  });
  return {
    observe: (method, code, durationMs) =>
      durations.observe({ method, code: Status[code] ?? String(code) }, durationMs / 1_000),
    refused: (method) => refusals.inc({ method }),
  };
}

/** Measures each call that goes out. */
export function createMetricsStage(metrics: ClientMetrics, clock: Clock): Stage {
  return {
    begin: (call) => {
      call.startedAt = clock.monotonic();
    },
    end: ({ method, startedAt }, status) => {
      metrics.observe(method, status.code, clock.monotonic() - startedAt);
      return status;
    },
  };
}

function oneOf<M>(registry: Registry, name: string, create: (name: string) => M): M {
  return (registry.getSingleMetric(name) as M | undefined) ?? create(name);
}
