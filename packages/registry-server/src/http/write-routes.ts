import {
  CodedError,
  STATUS_UP,
  STATUS_WAITING,
  badParameter,
  codes,
  metadataOf,
  routes,
  type Args,
  type InstanceKey,
  type Metadata,
  type Status,
  type Timestamp,
} from "@discoveryd/protocol";
import type { Change, Registered, Registering, Registry, Renewed } from "../registry/registry";
import { dataAnswer, errorAnswer, okAnswer, type Answer } from "./answer";
import { endpoint, type Endpoint } from "./dispatcher";

/** The routes that change what is registered. */
export function writeRoutes(registry: Registry): Endpoint[] {
  return [
    endpoint(routes.register, (args) => registered(registry.register(registering(args)), args)),
    endpoint(routes.renew, (args) =>
      renewed(
        args.replication ? registry.renewReplicated(args, args.dirty_timestamp ?? 0n) : registry.renew(args),
        args,
      ),
    ),
    endpoint(routes.cancel, (args) => {
      const { kind } = args.replication
        ? registry.cancelReplicated(args, given(args.latest_timestamp))
        : registry.cancel(args);
      // Late news of a former life removes nothing, and the sender need do nothing about it.
      return kind === "missing" ? missing("cancel", args) : okAnswer;
    }),
    endpoint(routes.set, (args) => {
      const setting = { ...args, changes: changesOf(args), timestamp: given(args.set_timestamp) };
      if (registry.set(setting) === "set") return okAnswer;
      return missing("set", { ...args, hostname: args.hostname.join(",") });
    }),
  ];
}

function registering(args: Args<typeof routes.register>): Registering {
  return {
    env: args.env,
    appid: args.appid,
    zone: args.zone,
    hostname: args.hostname,
    region: args.region ?? "",
    addrs: args.addrs,
    version: args.version ?? "",
    metadata: colored(args.metadata ?? new Map(), args.color),
    status: statusOf(args.status),
    regTimestamp: given(args.reg_timestamp),
    dirtyTimestamp: given(args.dirty_timestamp),
    latestTimestamp: given(args.latest_timestamp),
    replicated: args.replication,
  };
}

function registered({ kind }: Registered, key: InstanceKey): Answer {
  return kind === "buried" ? missing("register", key, "was cancelled since") : okAnswer;
}

function renewed(result: Renewed, key: InstanceKey): Answer {
  if (result.kind === "missing") return missing("renew", key);
  const data = result.instance.encode();
  if (result.kind === "behind")
    return dataAnswer(data, codes.notFound, "the sender's copy is newer: register it here");
  if (result.kind === "conflict") return dataAnswer(data, codes.conflict, "the copy here is newer");
  return dataAnswer(data);
}

function changesOf(args: Args<typeof routes.set>): Change[] {
  const { hostname, status, metadata, color } = args;
  checkCount("status", status.length, hostname.length);
  checkCount("metadata", metadata.length, hostname.length);
  checkCount("color", color.length, hostname.length);
  return hostname.map((name, i) => {
    const merged = colored(metadata[i] ?? new Map(), color[i]);
    return {
      hostname: name,
      status: status[i] === undefined ? undefined : statusOf(status[i]),
      metadata: merged.size > 0 ? merged : undefined,
    };
  });
}

function checkCount(name: string, count: number, hostnames: number): void {
  if (count === 0 || count === hostnames) return;
  throw new CodedError(
    codes.badRequest,
    `parameter ${name}: ${count} values for ${hostnames} host names; give none, or as many`,
  );
}

function statusOf(status: number): Status {
  if (status === STATUS_UP || status === STATUS_WAITING) return status;
  throw badParameter("status", status, "must be 1 (up) or 2 (waiting)");
}

function colored(metadata: Metadata, color: string | undefined): Metadata {
  return color ? metadataOf([...metadata, ["color", color]]) : metadata;
}

/** 0 is what peers send for "now". */
function given(timestamp: Timestamp | undefined): Timestamp | undefined {
  return timestamp === 0n ? undefined : timestamp;
}

function missing(
  what: string,
  { env, appid, zone, hostname }: InstanceKey,
  why = "is not registered",
): Answer {
  return errorAnswer(
    new CodedError(codes.notFound, `${what}: ${appid} ${hostname} (env ${env}, zone ${zone}) ${why}`),
  );
}
