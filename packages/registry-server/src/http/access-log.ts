import { codes, routes, TIMEOUT_HEADER, type Route } from "@discoveryd/protocol";
import type { Clock } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Answer } from "./answer";
import type { Call, Observe } from "./call";
import { headerOf } from "./header-of";

/** Who calls, as the original's clients say it. */
const USER_HEADER = "x1-bmspy-user";

/** What may stand in a log line: what identifies, never what an application keeps for itself. */
const LOGGED = [
  "env",
  "appid",
  "zone",
  "hostname",
  "addrs",
  "status",
  "version",
  "color",
  "latest_timestamp",
];
const LOGGED_FROM_PEERS = ["replication", "from_zone", "dirty_timestamp", "set_timestamp"];

/** The longest a logged value gets. */
const SHOWN = 256;

/**
 * One line a request, with the original's fields. Reads, renewals and what nodes say among themselves are at debug: they
 * are nearly all there is, and change nothing. So by default a healthy registry logs what changes and nothing else.
 */
export function createAccessLog(logger: Logger, clock: Clock): Observe {
  return (call, answer) => {
    const level = levelOf(call.route, answer);
    if (!logger.isLevelEnabled(level)) return;
    // `msg` is a field of the original's: a message of the logger's own would come under the same name.
    logger[level]({
      method: call.req.method,
      path: call.route.path,
      params: shownParams(call),
      ip: call.req.socket.remoteAddress ?? "",
      user: headerOf(call.req, USER_HEADER) || "no_user",
      ret: answer.code,
      msg: answer.message ?? String(answer.code),
      err: answer.code === codes.internal ? (answer.message ?? "") : "",
      ts: (clock.monotonic() - call.startedAt) / 1_000,
      timeout_quota: quotaOf(call),
      source: "http-access-log",
    });
  };
}

function levelOf(route: Route, { code, message }: Answer): "debug" | "info" | "warn" | "error" {
  if (code === codes.internal) return "error";
  if (code < 0 && code !== codes.notModified) return "warn";
  // A success with something to say: a part of it failed.
  if (code === codes.ok && message !== undefined) return "warn";
  return route.read || QUIET.has(route.name) ? "debug" : "info";
}

const QUIET: ReadonlySet<string> = new Set(
  [routes.renew, routes.renews, routes.replicate, routes.digests, routes.exchange].map(({ name }) => name),
);

/** The parameters of a request that may stand in the log, as one text. */
export function shownParams(call: Call): string {
  const shown: string[] = [];
  for (const name of [...LOGGED, ...LOGGED_FROM_PEERS]) {
    const values = call.params.get(name);
    if (values) shown.push(`${name}=${values.join(",").slice(0, SHOWN)}`);
  }
  return shown.join("&");
}

/** How long the client waits, in seconds; 0 when it has not said. */
function quotaOf(call: Call): number {
  const ms = Number(headerOf(call.req, TIMEOUT_HEADER));
  return ms > 0 ? ms / 1_000 : 0;
}
