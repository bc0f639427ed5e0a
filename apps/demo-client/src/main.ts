#!/usr/bin/env node
import { hostname } from "node:os";
import { join } from "node:path";
import { askedToStop, formatAddress, HttpFace, runMain, type LiveSettings } from "@discoveryd/demo-kit";
import { Direct, Discovery } from "@discoveryd/naming-sdk";
import { pino } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { Caller } from "./caller";
import { sayHello } from "./http/say-hello";
import { settingsTable } from "./settings-table";

void runMain({
  name: "demo-client",
  about: "an HTTP service that finds demo.service and calls it over gRPC",
  table: settingsTable,
  confDir: join(__dirname, "../configs"),
  run,
});

async function run(settings: LiveSettings<typeof settingsTable>): Promise<void> {
  const stop = askedToStop();
  const { application, grpc, http } = settings.current;
  const logger = pino({ name: "demo-client", level: application.log_level });
  settings.onChange((changed) => (logger.level = changed.application.log_level));
  settings.start(logger);

  const { nodes, region, zone, env, snapshot_file: snapshotFile } = application;
  const host = application.host || hostname();
  const naming = grpc.target.startsWith("direct:")
    ? new Direct()
    : new Discovery({ nodes, region, zone, env, host, snapshotFile }, { logger });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const caller = await Caller.dial({
    target: grpc.target,
    builder: naming,
    timeoutMs: grpc.timeout,
    metrics,
    logger,
  });
  settings.onChange((changed) => caller.setTimeoutMs(changed.grpc.timeout));
  const face = new HttpFace({
    address: http.addr,
    addressChangedBy: "http.toml addr or HTTP_ADDR",
    metrics,
    logger,
    routes: (app) => app.get("/say_hello", sayHello({ hello: (name) => caller.hello(name), logger })),
  });

  await face.start();
  logger.info({ addr: formatAddress(http.addr), target: grpc.target }, "demo client serves");
  const reason = await stop;

  logger.info({ reason }, "demo client stops");
  await face.close();
  caller.close();
  if (naming instanceof Discovery) await naming.close();
  settings.close();
}
