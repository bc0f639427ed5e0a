import { createRequire } from "node:module";
import { status as Status, type Metadata } from "@grpc/grpc-js";
import type * as OpenTelemetry from "@opentelemetry/api";
import type { Stage } from "./outgoing-call";

/** The application's OpenTelemetry. Throws an Error that says what to install when it has none. */
export function loadOpenTelemetry(
  load: (name: string) => unknown = createRequire(__filename),
): typeof OpenTelemetry {
  try {
    return load("@opentelemetry/api") as typeof OpenTelemetry;
  } catch (cause) {
    throw new Error("tracing needs @opentelemetry/api: add it to the application's dependencies", { cause });
  }
}

const setter = {
  set: (metadata: Metadata, key: string, value: string) => metadata.set(key, value),
};

/**
 * A client span for each call, with OpenTelemetry's names for RPCs, and its context in the call's metadata. Spans go
 * to the tracer provider the application has registered; without one nothing is recorded.
 */
export function createTracingStage({
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
}: typeof OpenTelemetry): Stage {
  const tracer = trace.getTracer("@discoveryd/warden-resolver");
  return {
    begin: (call) => {
      const span = tracer.startSpan(call.method.slice(1), { kind: SpanKind.CLIENT });
      if (span.isRecording()) {
        const [service = "", method = ""] = call.method.slice(1).split("/");
        span.setAttributes({ "rpc.system": "grpc", "rpc.service": service, "rpc.method": method });
      }
      call.span = span;
      call.metadata = call.metadata.clone();
      propagation.inject(trace.setSpan(context.active(), span), call.metadata, setter);
    },
    end: (call, status) => {
      const span = call.span as OpenTelemetry.Span;
      span.setAttribute("rpc.grpc.status_code", status.code);
      if (status.code !== Status.OK) span.setStatus({ code: SpanStatusCode.ERROR, message: status.details });
      span.end();
      return status;
    },
  };
}
