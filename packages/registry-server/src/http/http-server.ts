import { IncomingMessage, ServerResponse, createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Express } from "express";
import { AnswerHeads } from "./answer-heads";
import { AnswerResponse, sayKeepAlive } from "./answer-response";
import type { Dispatch } from "./dispatcher";
import { ReceivedRequest } from "./received-request";

export interface HttpServerOptions {
  /** Takes what is the registry's own; the rest goes to `app`. */
  readonly dispatch: Dispatch;
  readonly app: Express;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  /** The protocol's own by default. */
  readonly timeouts?: Timeouts;
}

/** All in milliseconds. */
export interface Timeouts {
  /** A connection on which nothing happens is closed after this. */
  readonly keepAliveMs: number;
  /** Headers must have arrived so long after their first byte. */
  readonly headersMs: number;
  /** A request must have arrived so long after its first byte. */
  readonly requestMs: number;
  /** How often late headers and requests are looked for. */
  readonly checkMs: number;
}

// A heartbeat every 30 s reuses its connection; Node's own 5 s would cost a new one each time.
const PROTOCOL: Timeouts = { keepAliveMs: 150_000, headersMs: 10_000, requestMs: 30_000, checkMs: 1_000 };

interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Where a socket has its connection: it is looked for with each request. */
const CONNECTION = Symbol("connection");

type ServedSocket = Socket & { [CONNECTION]?: Connection | undefined };

/** What has been asked on an open connection. */
interface Connection {
  readonly socket: Socket;
  /** The one that is served, or was until just now: it may be over. */
  res: ServerResponse | undefined;
  /** Those that wait for it to be over, in order. */
  readonly waiting: Exchange[];
}

/**
 * The registry's socket: limits, keep-alive, an end that waits for answers under way.
 *
 * Of requests that come on one connection without waiting for answers the first alone is served, the others wait for
 * their turn: a client that sends a thousand and reads nothing is owed one answer, not a thousand.
 */
export class HttpServer {
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  private readonly keepAliveMs: number;
  private refusedCount = 0;
  private draining = false;

  constructor(private readonly options: HttpServerOptions) {
    const { app, maxConnections, maxHeaderBytes, timeouts = PROTOCOL } = options;
    this.keepAliveMs = timeouts.keepAliveMs;
    this.server = createServer({
      ...messagesOf(app, timeouts),
      keepAlive: true,
      noDelay: true,
      maxHeaderSize: maxHeaderBytes,
      // Idle connections fall under `timeout`, below: a time of their own costs two timers a request.
      keepAliveTimeout: 0,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkMs,
    });
    this.server.timeout = timeouts.keepAliveMs;
    this.server.maxConnections = maxConnections;
    this.server.on("drop", () => this.refusedCount++);
    this.server.on("connection", (socket: Socket) => this.accept(socket));
    this.server.on("request", (req, res) => this.receive(req, res));
    this.server.on("clientError", (error, socket) => this.refuse(error, socket as Socket));
  }

  get open(): number {
    return this.connections.size;
  }

  /** Connections closed at once because there were too many. */
  get refused(): number {
    return this.refusedCount;
  }

  /** Resolves with the port. Rejects when it cannot listen. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen({ host, port, backlog: 4_096 }, () => {
        this.server.off("error", reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no new connection; resolves when the answers under way are sent and all connections are closed. */
  drain(): Promise<void> {
    this.draining = true;
    return new Promise((resolve) => {
      this.closeIdle(() => resolve());
      for (const { socket, res } of this.connections) {
        if (isUnderWay(res)) {
          res.shouldKeepAlive = false;
          // An answer that has begun has promised to keep the connection.
          res.once("close", () => this.endIdle(socket));
        }
        // To Node a connection that has sent nothing yet is not idle.
        if (socket.bytesRead === 0) socket.destroy();
      }
    });
  }

  /** Ends all connections, whatever they are doing. */
  destroy(): void {
    for (const { socket } of this.connections) socket.destroy();
  }

  /** Calls back when all connections are closed; of those that are idle it does so itself. */
  private closeIdle(closed: () => void): void {
    const unsent = [...this.connections].flatMap(({ res }) => (isUnderWay(res) && res.finished ? [res] : []));
    // To Node a connection is idle when its answer is handed to the socket, and not when its client has it: it would be cut.
    for (const res of unsent) res.finished = false;
    this.server.close(closed);
    for (const res of unsent) res.finished = true;
  }

  private accept(socket: ServedSocket): void {
    const connection: Connection = { socket, res: undefined, waiting: [] };
    socket[CONNECTION] = connection;
    this.connections.add(connection);
    socket.once("close", () => {
      socket[CONNECTION] = undefined;
      this.connections.delete(connection);
    });
  }

  private receive(req: IncomingMessage, res: ServerResponse): void {
    const connection = connectionOf(req.socket);
    // A request that is read when its connection is over already.
    if (!connection) return;
    const { res: last, waiting } = connection;
    if (waiting.length === 0 && !isUnderWay(last)) return this.serve(connection, { req, res });
    waiting.push({ req, res });
    if (waiting.length === 1) this.serveNextAfter(last as ServerResponse, connection);
  }

  private serveNextAfter(res: ServerResponse, connection: Connection): void {
    res.once("close", () => {
      const next = connection.waiting.shift();
      if (!next?.req.socket.writable) return;
      this.serve(connection, next);
      if (connection.waiting.length > 0) this.serveNextAfter(next.res, connection);
    });
  }

  private serve(connection: Connection, { req, res }: Exchange): void {
    connection.res = res;
    res.on("close", letGo);
    sayKeepAlive(res, this.keepAliveMs);
    if (this.draining) {
      res.shouldKeepAlive = false;
      res.once("close", () => this.endIdle(req.socket));
    }
    const { dispatch, app } = this.options;
    if (!dispatch(req, res)) app(req, res);
  }

  private endIdle(socket: Socket): void {
    if (connectionOf(socket)?.waiting.length === 0) socket.end();
  }

  /** Answers what is no request, or comes too slowly, and closes its connection. */
  private refuse({ code }: NodeJS.ErrnoException, socket: Socket): void {
    // Node counts the first headers from the opening of the connection. One that has sent nothing is idle: the limit on
    // idle connections holds for it, and from its first byte on Node counts anew.
    if (code === "ERR_HTTP_REQUEST_TIMEOUT" && socket.bytesRead === 0) return;
    const { res } = connectionOf(socket) ?? {};
    const isAnswering = isUnderWay(res) && res.headersSent;
    const status = REFUSALS.get(code ?? "") ?? "400 Bad Request";
    if (socket.writable && !isAnswering) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  }
}

function connectionOf(socket: ServedSocket): Connection | undefined {
  return socket[CONNECTION];
}

/** When a response is over: an idle connection keeps neither the response nor its request, with all that was in its body. */
function letGo(this: ServerResponse): void {
  const connection = connectionOf(this.req.socket);
  if (connection?.res === this) connection.res = undefined;
}

/** Whether an answer is still to be sent, or being sent. */
function isUnderWay(res: ServerResponse | undefined): res is ServerResponse {
  return res !== undefined && !res.closed && !res.writableFinished;
}

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
]);

/**
 * Express gives each request and response its own prototype, which V8 pays with 65 to 80 us a request on Node 20 and
 * 22. Messages that are born with it cost nothing: so these classes get all that Express' prototypes have, and take
 * their place. (Constructors that call Node's as functions cost 4 us a request: V8 then reserves no room for fields.)
 */
function messagesOf(
  app: Express,
  { keepAliveMs }: Timeouts,
): {
  IncomingMessage: typeof IncomingMessage;
  ServerResponse: typeof ServerResponse;
} {
  class Request extends ReceivedRequest {}
  class Response<R extends IncomingMessage> extends AnswerResponse<R> {}
  Object.defineProperty(Response.prototype, "heads", { value: new AnswerHeads(keepAliveMs) });
  app.request = adopt(Request.prototype, app.request, IncomingMessage.prototype);
  app.response = adopt(Response.prototype, app.response, ServerResponse.prototype);
  return { IncomingMessage: Request, ServerResponse: Response };
}

/** Gives `prototype` what `model` has of its own and from the prototypes before Node's, which is `node`. */
function adopt<T extends object>(prototype: object, model: T, node: object): T {
  const chain: object[] = [];
  for (let each: object = model; each !== node; each = Object.getPrototypeOf(each) as object)
    chain.unshift(each);
  for (const each of chain) {
    const { constructor: _ours, ...properties } = Object.getOwnPropertyDescriptors(each) as Record<
      string,
      PropertyDescriptor
    >;
    Object.defineProperties(prototype, properties);
  }
  return prototype as T;
}
