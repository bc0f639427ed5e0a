#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino, type Logger } from "pino";
import { ConfigError, helpText, readCommand } from "./config";
import { shownParams } from "./http/access-log";
import { RegistryServer } from "./server";
import type { Config } from "./settings";
import { makeDirectory } from "./storage/make-directory";

void main();

async function main(): Promise<void> {
  const command = readCommandOrExit();
  if (command.kind === "help") return write(helpText());
  if (command.kind === "version") return write(version());
  const logger = createLoggerOrExit(command.config);
  const server = new RegistryServer({
    config: command.config,
    logger,
    // An unexpected state is not to be limped on with: say what led to it, and end.
    onBug: (err, call) => die(logger, err, { path: call.route.path, params: shownParams(call.params) }),
  });
  process.on("uncaughtException", (err) => die(logger, err));
  process.on("unhandledRejection", (err) => die(logger, err));
  endOnSignals(server, logger);
  try {
    await server.start();
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
}

function readCommandOrExit() {
  try {
    return readCommand(process.argv.slice(2), process.env);
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.message);
    throw error;
  }
}

/** The first signal ends it in order; a second one ends it at once. A parent that spawned it with IPC ends it by leaving. */
function endOnSignals(server: RegistryServer, logger: Logger): void {
  let ending = false;
  const end = (reason: string) => {
    if (ending) process.exit(1);
    ending = true;
    logger.info({ reason }, "discoveryd ends");
    void server.close().then(() => process.exit(0));
  };
  process.on("SIGTERM", () => end("SIGTERM"));
  process.on("SIGINT", () => end("SIGINT"));
  process.on("disconnect", () => end("the parent process has gone"));
}

function die(logger: Logger, err: unknown, request?: object): never {
  logger.fatal({ err, request }, "unexpected error: discoveryd ends");
  process.exit(1);
}

function createLoggerOrExit(config: Config): Logger {
  try {
    return createLogger(config);
  } catch (error) {
    const value = JSON.stringify(config.logDir);
    const { message } = error as Error;
    return fail(`log.dir = ${value}: ${message}; must be a directory that can be written to, or made`);
  }
}

function createLogger({ logLevel: level, logStdout, logDir }: Config): Logger {
  const streams: pino.StreamEntry[] = [];
  // Written at once: what a process says before it ends must not be lost.
  if (logStdout) streams.push({ level: "trace", stream: pino.destination({ dest: 1, sync: true }) });
  if (logDir !== "") {
    makeDirectory(logDir);
    streams.push({
      level: "trace",
      stream: pino.destination({ dest: join(logDir, "discoveryd.log"), sync: true }),
    });
  }
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.multistream(streams));
}

function version(): string {
  const text = readFileSync(join(__dirname, "..", "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

function fail(message: string): never {
  process.stderr.write(`discoveryd: ${message}\n`);
  process.exit(1);
}
