import type { IncomingMessage, ServerResponse } from "node:http";
import { CodedError, codes, type Args, type Route } from "@discoveryd/protocol";
import type { Clock } from "@discoveryd/runtime";
import { errorAnswer, type Answer } from "./answer";
import { hasBody, parseBody, readBody, skipBody } from "./body";
import { Call, type Observe, type ObserveUnserved } from "./call";
import { headerOf } from "./header-of";
import type { Limits } from "./limits";
import { addPairs, pairsOf, type RawParams } from "./pairs";
import { createBind, type Bind } from "./params";
import { NOT_FOUND, WRONG_METHOD, sendPlain } from "./plain-answer";

/**
 * What a route does. Returns its answer, or undefined when it will call `call.answer` later.
 * What it throws becomes the answer, too.
 */
export type Handler<R extends Route = Route> = (args: Args<R>, call: Call) => Answer | undefined;

/** A route with its handler. */
export interface Endpoint {
  readonly route: Route;
  readonly handle: Handler;
}

export function endpoint<R extends Route>(route: R, handle: Handler<R>): Endpoint {
  return { route, handle: handle as Handler };
}

export interface DispatcherOptions {
  readonly endpoints: readonly Endpoint[];
  readonly limits: Limits;
  readonly clock: Clock;
  /** Why reads are refused just now; undefined when they are not. */
  readonly protectedBy: () => CodedError | undefined;
  readonly observe: Observe;
  readonly observeUnserved: ObserveUnserved;
  /** A handler threw what is no CodedError: a bug. Called after the client was answered -500. */
  readonly onBug: (error: unknown, call: Call) => void;
}

/** Takes a request when its path is under `/discovery/`; returns false, having done nothing, when it is not. */
export type Dispatch = (req: IncomingMessage, res: ServerResponse) => boolean;

/** All routes are under it, and what else is under it is nobody's. */
const PREFIX = "/discovery/";

/** The longest body between nodes, in bytes: a batch of the largest instances. */
const PEER_BODY_BYTES = 8 * 1_048_576;

interface Bound extends Endpoint {
  readonly bind: Bind<Route>;
}

/**
 * Serves the registry's own routes from one table of paths, without a framework: heartbeats and polls are nearly all
 * of a registry's work.
 */
export function createDispatch(options: DispatcherOptions): Dispatch {
  const table = new Map<string, Bound>(
    options.endpoints.map((e) => [e.route.path, { ...e, bind: createBind(e.route, options.limits) }]),
  );
  return (req, res) => {
    const url = originForm(req.url as string);
    const mark = url.indexOf("?");
    const path = mark === -1 ? url : url.slice(0, mark);
    const bound = table.get(path);
    if (!bound && !path.startsWith(PREFIX)) return false;
    const query = mark === -1 ? "" : url.slice(mark + 1);
    if (bound && req.method === bound.route.method) receive(req, res, bound, query, options);
    else turnAway(req, res, { path, query, route: bound?.route }, options);
    return true;
  };
}

/** What a client that takes us for a proxy sends, `http://host/path?query`, without scheme and host. */
function originForm(url: string): string {
  return url.startsWith("http://") ? url.replace(/^http:\/\/[^/?]*/, "") : url;
}

/** Answers a request that no route takes as anywhere on the web. */
function turnAway(
  req: IncomingMessage,
  res: ServerResponse,
  { path, query, route }: { path: string; query: string; route: Route | undefined },
  { clock, observeUnserved }: DispatcherOptions,
): void {
  const startedAt = clock.monotonic();
  const answer = route ? WRONG_METHOD : NOT_FOUND;
  sendPlain(res, answer, route && { Allow: route.method });
  observeUnserved({ req, path, params: pairsOf(query), startedAt, route, ...answer });
}

const NONE = (): RawParams => new Map();

function receive(
  req: IncomingMessage,
  res: ServerResponse,
  bound: Bound,
  query: string,
  options: DispatcherOptions,
): void {
  const startedAt = options.clock.monotonic();
  const open = (params: () => RawParams, body?: Buffer) =>
    new Call(req, res, bound.route, params, startedAt, options.observe, body);
  const ofQuery = () => pairsOf(query);
  if (!hasBody(req)) {
    skipBody(req);
    run(open(ofQuery), bound, options);
    return;
  }
  const { body: kind, fromPeers } = bound.route;
  readBody(req, fromPeers ? PEER_BODY_BYTES : options.limits.maxBodyBytes, (error, body) => {
    // What is left of a body that is too large is not read: the connection ends with the answer.
    if (error) return open(NONE).answer(errorAnswer(error), true);
    if (kind === "json") return run(open(ofQuery, body), bound, options);
    return withBody(body, headerOf(req, "content-type"), (params, failure) => {
      // After the body's values, so that for a single value the body's is the first.
      addPairs(query, params);
      const call = open(() => params);
      if (failure) call.answer(errorAnswer(failure));
      else run(call, bound, options);
    });
  });
}

/** Calls back once, at once but for multipart: with the body's parameters, or with none and why. */
function withBody(
  body: Buffer,
  contentType: string | undefined,
  done: (params: RawParams, failure?: unknown) => void,
): void {
  let params: RawParams | Promise<RawParams>;
  try {
    params = parseBody(body, contentType);
  } catch (error) {
    done(new Map(), error);
    return;
  }
  if (params instanceof Promise) void params.then(done, (error: unknown) => done(new Map(), error));
  else done(params);
}

function run(call: Call, { route, bind, handle }: Bound, { protectedBy, onBug }: DispatcherOptions): void {
  try {
    const refusal = route.read ? protectedBy() : undefined;
    if (refusal) throw refusal;
    const answer = handle(bind(call.params), call);
    if (answer) call.answer(answer);
  } catch (error) {
    call.answer(errorAnswer(error));
    if (CodedError.from(error).code === codes.internal) onBug(error, call);
  }
}
