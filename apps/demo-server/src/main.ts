#!/usr/bin/env node
import { hostname } from "node:os";
import { join } from "node:path";
import { askedToStop, runMain, type LiveSettings } from "@discoveryd/demo-kit";
import { Discovery } from "@discoveryd/naming-sdk";
import { pino } from "pino";
import { Greeter } from "./greeter";
import { settingsTable } from "./settings-table";

void runMain({
  name: "demo-server",
  about: "a gRPC service that registers itself as demo.service",
  table: settingsTable,
  confDir: join(__dirname, "../configs"),
  run,
});

async function run(settings: LiveSettings<typeof settingsTable>): Promise<void> {
  const stop = askedToStop();
  const { application } = settings.current;
  const logger = pino({ name: "demo-server", level: application.log_level });
  settings.onChange((changed) => (logger.level = changed.application.log_level));
  settings.start(logger);

  const host = application.host || hostname();
  const { nodes, region, zone, env, renew_interval: renewIntervalMs } = application;
  const discovery = application.register
    ? new Discovery({ nodes, region, zone, env, host, renewIntervalMs }, { logger })
    : undefined;
  const greeter = new Greeter({ settings: () => settings.current, host, registry: discovery, logger });

  await greeter.start();
  // Not waited for: the server serves, and its registration is made when there is a registry.
  const refused = new Promise<never>((_, reject) => void greeter.register().catch(reject));
  const reason = await Promise.race([stop, refused]);

  logger.info({ reason }, "demo server stops");
  await greeter.close();
  await discovery?.close();
  settings.close();
}
