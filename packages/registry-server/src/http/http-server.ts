import { IncomingMessage, ServerResponse, createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Express } from "express";
import type { Dispatch } from "./dispatcher";

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

/** The registry's socket: limits, keep-alive, an end that waits for answers under way. */
export class HttpServer {
  private readonly server: Server;
  /** Every open connection with the answers it waits for. */
  private readonly sockets = new Map<Socket, Set<ServerResponse>>();
  private refusedCount = 0;
  private draining = false;

  constructor(private readonly options: HttpServerOptions) {
    const { app, maxConnections, maxHeaderBytes, timeouts = PROTOCOL } = options;
    this.server = createServer({
      ...messagesOf(app),
      keepAlive: true,
      noDelay: true,
      maxHeaderSize: maxHeaderBytes,
      keepAliveTimeout: timeouts.keepAliveMs,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkMs,
    });
    this.server.timeout = timeouts.keepAliveMs;
    this.server.maxConnections = maxConnections;
    this.server.on("drop", () => this.refusedCount++);
    this.server.on("connection", (socket: Socket) => this.accept(socket));
    this.server.on("request", (req, res) => this.serve(req, res));
    this.server.on("clientError", (error, socket) => this.refuse(error, socket as Socket));
  }

  get open(): number {
    return this.sockets.size;
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
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
      for (const [socket, answers] of this.sockets) {
        for (const res of answers) res.shouldKeepAlive = false;
        // To Node a connection that has sent nothing yet is not idle.
        if (socket.bytesRead === 0) socket.destroy();
      }
    });
  }

  /** Ends all connections, whatever they are doing. */
  destroy(): void {
    for (const socket of this.sockets.keys()) socket.destroy();
  }

  private accept(socket: Socket): void {
    const answers = new Set<ServerResponse>();
    this.sockets.set(socket, answers);
    socket.once("close", () => {
      this.sockets.delete(socket);
      // Node tells only the answer whose turn it is that its connection is over.
      for (const res of answers) if (!res.socket) res.destroy().emit("close");
    });
  }

  private serve(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req;
    const answers = this.sockets.get(socket);
    answers?.add(res);
    res.once("close", () => {
      answers?.delete(res);
      if (this.draining && answers?.size === 0) socket.end();
    });
    if (this.draining) res.shouldKeepAlive = false;
    const { dispatch, app } = this.options;
    if (!dispatch(req, res)) app(req, res);
  }

  /** Answers what is no request, or comes too slowly, and closes its connection. */
  private refuse({ code }: NodeJS.ErrnoException, socket: Socket): void {
    // Node counts the first headers from the opening of the connection. One that has sent nothing is idle: the limit on
    // idle connections holds for it, and from its first byte on Node counts anew.
    if (code === "ERR_HTTP_REQUEST_TIMEOUT" && socket.bytesRead === 0) return;
    const isAnswering = [...(this.sockets.get(socket) ?? [])].some(({ headersSent }) => headersSent);
    const status = REFUSALS.get(code ?? "") ?? "400 Bad Request";
    if (socket.writable && !isAnswering) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    socket.destroySoon();
  }
}

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
]);

/**
 * Express gives each request and response its own prototype, which V8 pays with 65 to 80 us a request on Node 20 and
 * 22. Messages that are born with it cost nothing.
 */
function messagesOf(app: Express): {
  IncomingMessage: typeof IncomingMessage;
  ServerResponse: typeof ServerResponse;
} {
  function Request(this: IncomingMessage, socket: Socket) {
    (IncomingMessage as unknown as (this: IncomingMessage, socket: Socket) => void).call(this, socket);
  }
  function Response(this: ServerResponse, req: IncomingMessage, options: object) {
    (ServerResponse as unknown as (this: ServerResponse, req: IncomingMessage, options: object) => void).call(
      this,
      req,
      options,
    );
  }
  Request.prototype = app.request;
  Response.prototype = app.response;
  return {
    IncomingMessage: Request as unknown as typeof IncomingMessage,
    ServerResponse: Response as unknown as typeof ServerResponse,
  };
}
