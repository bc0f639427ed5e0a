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
}

/** A heartbeat every 30 s reuses its connection; Node's own 5 s would cost a new one each time. In milliseconds. */
const KEEP_ALIVE_MS = 150_000;
/** Headers must have arrived so many milliseconds after their first byte. */
const HEADERS_MS = 10_000;
/** A request must have arrived so many milliseconds after its first byte. */
const REQUEST_MS = 30_000;

/** The registry's socket: limits, keep-alive, an end that waits for answers under way. */
export class HttpServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private refusedCount = 0;

  constructor({ dispatch, app, maxConnections, maxHeaderBytes }: HttpServerOptions) {
    const options = {
      ...messagesOf(app),
      keepAlive: true,
      noDelay: true,
      maxHeaderSize: maxHeaderBytes,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1_000,
    };
    this.server = createServer(options, (req, res) => {
      if (!dispatch(req, res)) app(req, res);
    });
    this.server.maxConnections = maxConnections;
    this.server.on("drop", () => this.refusedCount++);
    this.server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
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
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  /** Ends all connections, whatever they are doing. */
  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

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
