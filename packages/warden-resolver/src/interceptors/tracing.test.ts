import {
  context,
  propagation,
  trace,
  SpanStatusCode,
  type Span,
  type TextMapPropagator,
} from "@opentelemetry/api";
import { systemClock } from "@discoveryd/runtime";
import { credentials, Metadata, status as Status } from "@grpc/grpc-js";
import * as api from "@opentelemetry/api";
import { WardenServer } from "../server/server";
import { callUnary, echo, EchoClient, EchoService, UNARY, type EchoServer } from "../testing/typed-echo";
import { createInterceptor } from "./staged-call";
import { Stages } from "./stages";
import { createTracingStage, loadOpenTelemetry } from "./tracing";

interface Recorded {
  readonly name: string;
  readonly attributes: Record<string, unknown>;
  status: unknown;
  ended: boolean;
}

/** An application's tracer provider that writes down its spans. */
function useProvider(recording = true): Recorded[] {
  const spans: Recorded[] = [];
  const startSpan = (name: string) => {
    const recorded: Recorded = { name, attributes: {}, status: undefined, ended: false };
    spans.push(recorded);
    return {
      isRecording: () => recording,
      setAttributes: (more: object) => Object.assign(recorded.attributes, more),
      setAttribute: (key: string, value: unknown) => (recorded.attributes[key] = value),
      setStatus: (status: unknown) => (recorded.status = status),
      end: () => (recorded.ended = true),
      spanContext: () => ({ traceId: "t".repeat(32), spanId: "s".repeat(16), traceFlags: 1 }),
    } as unknown as Span;
  };
  trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan }) as never });
  const propagator: TextMapPropagator = {
    inject: (active, carrier, setter) =>
      setter.set(carrier, "traceparent", trace.getSpan(active)?.spanContext().traceId as string),
    extract: () => context.active(),
    fields: () => ["traceparent"],
  };
  propagation.setGlobalPropagator(propagator);
  return spans;
}

let server: WardenServer | undefined;
afterEach(async () => {
  trace.disable();
  propagation.disable();
  await server?.shutdown();
});

async function call(handlers: Partial<EchoServer> = {}) {
  const headers: Record<string, unknown>[] = [];
  server = new WardenServer({ grpc: "tcp://127.0.0.1:0", drain: 0 }, { interceptors: [] }).addService(
    EchoService,
    echo({
      unary: (incoming, callback) => {
        headers.push(incoming.metadata.getMap());
        callback(null, incoming.request);
      },
      ...handlers,
    }),
  );
  await server.start();
  const stage = createTracingStage(loadOpenTelemetry());
  const client = new EchoClient(server.address as string, credentials.createInsecure(), {
    interceptors: [createInterceptor(new Stages([stage], systemClock))],
  });
  const outcome = await callUnary(client, "hi", new Metadata());
  client.close();
  return { outcome, headers };
}

test("a call is a client span that ends with it, and its context travels along", async () => {
  const spans = useProvider();
  const { headers } = await call();
  expect(spans).toEqual([
    {
      name: UNARY.slice(1),
      attributes: {
        "rpc.system": "grpc",
        "rpc.service": "warden.testing.v1.Echo",
        "rpc.method": "Unary",
        "rpc.grpc.status_code": Status.OK,
      },
      status: undefined,
      ended: true,
    },
  ]);
  expect(headers[0]).toMatchObject({ traceparent: "t".repeat(32) });
});

test("a failed call's span says so", async () => {
  const spans = useProvider();
  await call({ unary: (_call, callback) => callback({ code: Status.ABORTED, details: "no" }) });
  expect(spans[0]?.status).toEqual({ code: SpanStatusCode.ERROR, message: "no" });
});

test("a span that is not recorded is spared its description", async () => {
  const spans = useProvider(false);
  await call();
  expect(spans[0]?.attributes).not.toHaveProperty("rpc.system");
});

test("without a provider calls go out as they are", async () => {
  const { outcome, headers } = await call();
  expect(outcome.text).toBe("hi");
  expect(headers[0]).not.toHaveProperty("traceparent");
});

test("the application's own package is taken", () => {
  expect(loadOpenTelemetry().trace).toBe(api.trace);
});

test("an application without the package is told what to install", () => {
  const load = () => {
    throw new Error("Cannot find module");
  };
  expect(() => loadOpenTelemetry(load)).toThrow(
    "tracing needs @opentelemetry/api: add it to the application's dependencies",
  );
});
