import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, type ErrorRequestHandler, type RequestHandler } from "express";
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import { systemClock, type Clock } from "@discoveryd/runtime";
import type { Address } from "../settings/address";
import { createExpressServer } from "./express-server";
import { listenError } from "./listen-error";

// Requests under way at `close` get this long; then their connections are cut.
const GRACE_MS = 2_000;

export interface HttpFaceOptions {
  readonly address: Address;
  /** What changes the address, for the message when it cannot be had: `http.toml addr or HTTP_ADDR`. */
  readonly addressChangedBy: string;
  readonly metrics: Registry;
  readonly logger: Logger;
  /** Why the process cannot do its work now; undefined when it can. Default: it always can. */
  readonly ailment?: () => string | undefined;
  /** Adds the application's own routes. */
  readonly routes?: (app: Express) => void;
  readonly clock?: Clock;
}

/** What a process shows over HTTP: its own routes, `/healthz` and `/metrics`. */
export class HttpFace {
  private readonly server: Server;

  constructor(private readonly options: HttpFaceOptions) {
    this.server = createExpressServer(createApp(options));
  }

  /** Listens, and resolves with the address. Rejects with one line when it is taken or not allowed. */
  async start(): Promise<Address> {
    const { address, addressChangedBy } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once("error", (cause) => reject(listenError(address, addressChangedBy, cause)));
      this.server.listen(address.port, address.host, resolve);
    });
    return { ...address, port: (this.server.address() as AddressInfo).port };
  }

  /** Takes no new request, lets those under way finish, then closes. Safe to call twice. */
  async close(): Promise<void> {
    const { clock = systemClock } = this.options;
    if (!this.server.listening) return;
    const cancel = clock.after(GRACE_MS, () => this.server.closeAllConnections());
    await new Promise((resolve) => this.server.close(resolve));
    cancel();
  }
}

function createApp({ ailment, metrics, logger, routes }: HttpFaceOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.get("/healthz", (_request, response) => {
    const reason = ailment?.();
    response
      .status(reason === undefined ? 200 : 503)
      .type("text/plain")
      .send(`${reason ?? "ok"}\n`);
  });
  app.get("/metrics", async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  routes?.(app);
  app.use(notFound, failed(logger));
  return app;
}

const notFound: RequestHandler = (request, response) => {
  response.status(404).type("text/plain").send(`no such path: ${request.method} ${request.path}\n`);
};

function failed(logger: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, request, response, _next) => {
    const status = (error as { status?: number }).status ?? 500;
    if (status >= 500) logger.error({ err: error, path: request.path }, "request failed");
    response
      .status(status)
      .type("text/plain")
      .send(status >= 500 ? "unexpected error\n" : "bad request\n");
  };
}
