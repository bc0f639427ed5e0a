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
import type { Origin } from "../cluster/peers";
import type { ReplicatedRegistry } from "../cluster/replicated-registry";
import type { Change, Registered, Registering, Renewed } from "../registry/registry";
import { dataAnswer, errorAnswer, instanceAnswer, okAnswer, type Answer } from "./answer";
import type { Call } from "./call";
import { endpoint, type Endpoint } from "./dispatcher";

/** The routes that change what is registered. */
export function writeRoutes(registry: ReplicatedRegistry): Endpoint[] {
  return [
    endpoint(routes.register, (args, call) => {
      const { result, told } = registry.register(registering(args), originOf(args));
      return answerWhen(told, call, registered(result, args));
    }),
    endpoint(routes.renew, (args) =>
      renewed(registry.renew(args, originOf(args), args.dirty_timestamp), args),
    ),
    endpoint(routes.cancel, (args, call) => {
      const { result, told } = registry.cancel(args, originOf(args), given(args.latest_timestamp));
      // Late news of a former life removes nothing, and the sender need do nothing about it.
      return answerWhen(told, call, result.kind === "missing" ? missing("cancel", args) : okAnswer);
    }),
    endpoint(routes.set, (args, call) => {
      const setting = { ...args, changes: changesOf(args), timestamp: given(args.set_timestamp) };
      const { result, told } = registry.set(setting, originOf(args));
      if (result === "set") return answerWhen(told, call, okAnswer);
      return missing("set", { ...args, hostname: oneOf(args.hostname) });
    }),
  ];
}

/** Answers at once when there is nobody to tell, else when the peers have heard. */
function answerWhen(told: Promise<void> | undefined, call: Call, answer: Answer): Answer | undefined {
  if (!told) return answer;
  void told.then(() => call.answer(answer));
  return undefined;
}

function originOf(args: { replication: boolean; from_zone: boolean }): Origin {
  return { replication: args.replication, fromZone: args.from_zone };
}

function registering(args: Args<typeof routes.register>): Omit<Registering, "replicated"> {
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
  };
}

function registered({ kind }: Registered, key: InstanceKey): Answer {
  return kind === "buried" ? missing("register", key, "was cancelled since") : okAnswer;
}

function renewed(result: Renewed, key: InstanceKey): Answer {
  if (result.kind === "missing") return missing("renew", key);
  if (result.kind === "renewed") return instanceAnswer(result.instance);
  const data = result.instance.encode();
  if (result.kind === "behind")
    return dataAnswer(data, codes.notFound, "the sender's copy is newer: register it here");
  return dataAnswer(data, codes.conflict, "the copy here is newer");
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

const SHOWN_HOSTNAMES = 3;

/** Host names as a message shows them: there may be any number. */
function oneOf(hostnames: readonly string[]): string {
  const shown = hostnames.slice(0, SHOWN_HOSTNAMES).join(",");
  if (hostnames.length === 1) return shown;
  return hostnames.length <= SHOWN_HOSTNAMES
    ? `one of ${shown}`
    : `one of ${shown} and ${hostnames.length - SHOWN_HOSTNAMES} more`;
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
