import express, { type Express } from "express";
import type { Dispatch } from "./dispatcher";
import { NOT_FOUND, WRONG_METHOD, sendPlain } from "./plain-answer";

export interface AppOptions {
  readonly dispatch: Dispatch;
  /** Prometheus text. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Why this node should get no traffic just now; undefined when it should. */
  readonly notReady: () => string | undefined;
}

/** Everything but what is under `/discovery/`, which comes first: health, metrics, and the answers to other paths. */
export function createApp({ dispatch, metrics, notReady }: AppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use((req, res, next) => {
    if (!dispatch(req, res)) next();
  });
  app.get("/healthz", (_req, res) => {
    res.type("text/plain").send("ok\n");
  });
  app.get("/readyz", (_req, res) => {
    const reason = notReady();
    res
      .status(reason === undefined ? 200 : 503)
      .type("text/plain")
      .send(`${reason ?? "ok"}\n`);
  });
  app.get("/metrics", async (_req, res) => {
    res.set("Content-Type", metrics.contentType).send(await metrics.metrics());
  });
  app.all(["/healthz", "/readyz", "/metrics"], (_req, res) => {
    sendPlain(res, WRONG_METHOD, { Allow: "GET" });
  });
  app.use((_req, res) => {
    sendPlain(res, NOT_FOUND);
  });
  return app;
}
