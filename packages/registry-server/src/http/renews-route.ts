import {
  CodedError,
  badParameter,
  codes,
  missingParameter,
  routes,
  type InstanceKey,
} from "@discoveryd/protocol";
import type { ReplicatedRegistry } from "../cluster/replicated-registry";
import { dataAnswer, type Answer } from "./answer";
import { endpoint, type Endpoint } from "./dispatcher";
import type { Limits } from "./limits";
import { readName } from "./params";

/** The parts of a key, in the order in which they are checked. */
const PARTS = ["env", "appid", "zone", "hostname"] as const;

const OK = `{"code":${codes.ok}}`;
const MISSING = `{"code":${codes.notFound}}`;

export interface RenewsRouteOptions {
  readonly registry: Pick<ReplicatedRegistry, "renewAll">;
  readonly limits: Limits;
}

/** The heartbeats of a client with many instances, in one request. */
export function renewsRoute({ registry, limits }: RenewsRouteOptions): Endpoint {
  return endpoint(routes.renews, (_args, call) => {
    const items = listOf(call.body.toString(), limits);
    const keys = items.filter(isKey);
    const found = registry.renewAll(keys);
    // Nearly always: all are here.
    if (keys.length === items.length && !found.includes(false)) return allOk(items.length);
    return inParts(items, found, limits);
  });
}

function allOk(count: number): Answer {
  return dataAnswer(`[${new Array<string>(count).fill(OK).join(",")}]`);
}

/** @param found whether each of the items that are keys is here, in their order. */
function inParts(items: readonly unknown[], found: readonly boolean[], limits: Limits): Answer {
  let at = 0;
  let failed = 0;
  const parts = items.map((item) => {
    if (isKey(item) && found[at++]) return OK;
    failed++;
    const refusal = refusalOf(item, limits);
    return refusal ? `{"code":${refusal.code},"message":${JSON.stringify(refusal.message)}}` : MISSING;
  });
  const first = items[parts.findIndex((part) => part !== OK)];
  const message = `${failed} of ${items.length} are not registered, the first ${shown(first)}`;
  return { ...dataAnswer(`[${parts.join(",")}]`), message };
}

function listOf(text: string, { maxRenewals }: Limits): readonly unknown[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    throw new CodedError(codes.badRequest, "the body is not JSON", { cause });
  }
  if (!Array.isArray(list)) throw new CodedError(codes.badRequest, "the body is not a JSON list");
  if (list.length <= maxRenewals) return list;
  throw new CodedError(
    codes.badRequest,
    `the body: ${list.length} instances, at most ${maxRenewals} (limits.renewals)`,
  );
}

/** Looks like a key. Whether its parts are allowed matters only for one that is not found. */
function isKey(item: unknown): item is InstanceKey {
  if (typeof item !== "object" || item === null) return false;
  const { env, appid, zone, hostname } = item as Partial<Record<keyof InstanceKey, unknown>>;
  return isName(env) && isName(appid) && isName(zone) && isName(hostname);
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** Why an item can be no instance; undefined when it just is not here. */
function refusalOf(item: unknown, limits: Limits): CodedError | undefined {
  try {
    for (const part of PARTS) {
      const value = (item as Partial<Record<keyof InstanceKey, unknown>> | null)?.[part];
      if (value === undefined || value === "") throw missingParameter(part);
      if (typeof value !== "string") throw badParameter(part, value, "must be text");
      readName(part, value, limits);
    }
    return undefined;
  } catch (error) {
    return CodedError.from(error);
  }
}

const SHOWN = 256;

function shown(item: unknown): string {
  return isKey(item)
    ? `${item.appid} ${item.hostname} (env ${item.env}, zone ${item.zone})`.slice(0, SHOWN)
    : "no key";
}
