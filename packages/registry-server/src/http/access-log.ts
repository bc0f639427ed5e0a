import type { IncomingMessage } from "node:http";
import { codes, routes, TIMEOUT_HEADER, type Route } from "@discoveryd/protocol";
import type { Clock } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Answer } from "./answer";
import type { Call, Observe, ObserveUnserved, Unserved } from "./call";
import { headerOf } from "./header-of";
import type { RawParams } from "./pairs";

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

/** The longest a logged value gets, in characters. */
const SHOWN = 256;

type Level = "debug" | "info" | "warn" | "error";

/** What a line says of the answer, and the path asked for. */
interface Outcome {
  readonly path: string;
  readonly ret: number;
  readonly msg: string;
  readonly err: string;
}

/** One line a request, with the original's fields. */
export interface AccessLog {
  /**
   * Reads, renewals and what nodes say among themselves are at debug: they are nearly all there is, and change nothing. So
   * by default a healthy registry logs what changes and nothing else.
   */
  readonly answered: Observe;
  /** At warn. `ret` is the HTTP status, as the client sees it: -404 would say that an instance is missing. */
  readonly unserved: ObserveUnserved;
}

/** Starts nothing: lines are written as answers are told. */
export function createAccessLog(logger: Logger, clock: Clock): AccessLog {
  const write = (level: Level, asked: Call | Unserved, { path, ret, msg, err }: Outcome) => {
    // `msg` is a field of the original's: a message of the logger's own would come under the same name.
    logger[level]({
      method: asked.req.method,
      path,
      params: shownParams(asked.params),
      ip: asked.req.socket.remoteAddress ?? "",
      user: headerOf(asked.req, USER_HEADER)?.slice(0, SHOWN) || "no_user",
      ret,
      msg,
      err,
      ts: (clock.monotonic() - asked.startedAt) / 1_000,
      timeout_quota: quotaOf(asked.req),
      source: "http-access-log",
    });
  };
  return {
    answered(call, answer) {
      const level = levelOf(call.route, answer);
      if (!logger.isLevelEnabled(level)) return;
      const { code, message } = answer;
      write(level, call, {
        path: call.route.path,
        ret: code,
        msg: message ?? String(code),
        err: code === codes.internal ? (message ?? "") : "",
      });
    },
    unserved(unserved) {
      if (!logger.isLevelEnabled("warn")) return;
      const { path, status, text } = unserved;
      write("warn", unserved, { path: path.slice(0, SHOWN), ret: status, msg: text, err: "" });
    },
  };
}

function levelOf(route: Route, { code, message }: Answer): Level {
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
export function shownParams(params: RawParams): string {
  const shown: string[] = [];
  for (const name of [...LOGGED, ...LOGGED_FROM_PEERS]) {
    const values = params.get(name);
    if (values) shown.push(`${name}=${values.join(",").slice(0, SHOWN)}`);
  }
  return shown.join("&");
}

/** How long the client waits, in seconds; 0 when it has not said. */
function quotaOf(req: IncomingMessage): number {
  const ms = Number(headerOf(req, TIMEOUT_HEADER));
  return ms > 0 ? ms / 1_000 : 0;
}
