import { Client, Metadata, type ServiceDefinition } from "@grpc/grpc-js";
import type { WardenCallOptions } from "../interceptors/call-context";
import type { Stages } from "../interceptors/stages";
import {
  UnaryCall,
  type DialledMethod,
  type UnaryCallback,
  type UnaryMethod,
  type UnaryRequest,
} from "./unary-call";

// Shared by all calls without: who changes a call's metadata changes a copy.
const NO_METADATA = new Metadata();

type Method = (...args: unknown[]) => unknown;

/** What there is of a generated client beside its methods. */
type Generated = Client & Record<string, Method | undefined>;

/**
 * Has the unary methods of a generated client make their calls on its channel, through these stages. What else the client
 * can do stays with grpc-js: streams, clients that are not generated, and calls with interceptors of their own. So does a
 * method that is not as grpc-js has made it: who has put another in its place wants to see the calls, or to change them.
 */
export function callDirectly(client: Client, stages: Stages): void {
  // Made by another copy of grpc-js, whose channels and metadata are not ours.
  if (!(client instanceof Client)) return;
  if (client.makeUnaryRequest !== Client.prototype.makeUnaryRequest) return;
  if (isWrapped(Client.prototype.makeUnaryRequest)) return;
  const generated = client as Generated;
  for (const [name, definition] of Object.entries(serviceOf(client))) {
    const throughGrpc = generated[name];
    if (definition.requestStream || definition.responseStream) continue;
    if (!throughGrpc || !isGenerated(throughGrpc, definition)) continue;
    const dialled = { definition, stages, channel: client.getChannel(), failedAt: -Infinity };
    const direct = Object.assign(directMethod(dialled, throughGrpc.bind(client)), definition);
    for (const each of [name, definition.originalName]) {
      if (each === undefined || generated[each] !== throughGrpc) continue;
      Object.defineProperty(client, each, { value: direct, writable: true, configurable: true });
    }
  }
}

/** The methods that the class of a generated client says it has. */
function serviceOf(client: Client): ServiceDefinition {
  return (client.constructor as { service?: ServiceDefinition }).service ?? {};
}

/** Whether a method is as grpc-js makes it: it puts what it knows of a method on it. */
function isGenerated(method: Method, { path }: UnaryMethod): boolean {
  return (
    Object.hasOwn(method, "path") && (method as Partial<UnaryMethod>).path === path && !isWrapped(method)
  );
}

/**
 * Whether something is there to look into a function's calls, and looks like it: shimmer, which OpenTelemetry uses, marks what
 * it wraps; Datadog's makes what it wraps the prototype.
 */
function isWrapped(fn: object): boolean {
  return "__wrapped" in fn || "__original" in fn || Object.getPrototypeOf(fn) !== Function.prototype;
}

function directMethod(dialled: DialledMethod, throughGrpc: Method): Method {
  return function direct(...args) {
    const request = requestOf(args);
    // It also says what is wrong with the arguments.
    if (!request || hasInterceptors(request.options)) return throughGrpc(...args);
    return new UnaryCall(dialled, request).start(direct);
  };
}

/** The four ways to call a unary method; undefined is none of them. */
function requestOf([message, first, second, third]: readonly unknown[]): UnaryRequest | undefined {
  if (isCallback(first)) return { message, metadata: NO_METADATA, options: {}, callback: first };
  if (isCallback(second)) {
    return first instanceof Metadata
      ? { message, metadata: first, options: {}, callback: second }
      : { message, metadata: NO_METADATA, options: { ...(first as WardenCallOptions) }, callback: second };
  }
  if (!(first instanceof Metadata) || !(second instanceof Object) || !isCallback(third)) return undefined;
  return { message, metadata: first, options: { ...(second as WardenCallOptions) }, callback: third };
}

function isCallback(value: unknown): value is UnaryCallback {
  return typeof value === "function";
}

function hasInterceptors({ interceptors, interceptor_providers }: WardenCallOptions): boolean {
  return interceptors !== undefined || interceptor_providers !== undefined;
}
