import { encodeMetadata, type Instance } from "@discoveryd/protocol";
import type { Cancel, Operation, Put, Renew } from "./operation";

/** One request to a node of the original, and the operations it stands for. */
export interface GoRequest {
  readonly path: string;
  readonly form: string;
  readonly operations: readonly Operation[];
}

/**
 * The requests that tell a node of the original what these operations say: parameters by name, in the original's own
 * order, as it sends them to its peers. Addresses are repeated, not joined: a joined list is one address to it.
 *
 * @param replication true to a node of the own zone, which then tells nobody else.
 */
export function goRequests(operations: readonly Operation[], replication: boolean): GoRequest[] {
  const sets = new Map<object, Put[]>();
  const requests: GoRequest[] = [];
  for (const operation of operations) {
    if (operation.kind !== "put" || !operation.set) requests.push(single(operation, replication));
    else sets.set(operation.set.group, [...(sets.get(operation.set.group) ?? []), operation]);
  }
  return [...requests, ...[...sets.values()].map((puts) => setRequest(puts, replication))];
}

function single(operation: Operation, replication: boolean): GoRequest {
  if (operation.kind === "put") return registerRequest(operation, replication);
  return operation.kind === "renew"
    ? renewRequest(operation, replication)
    : cancelRequest(operation, replication);
}

function registerRequest(operation: Put, replication: boolean): GoRequest {
  const { instance } = operation;
  const form = encode([
    ...instance.addrs.map((addr) => ["addrs", addr] as const),
    ["appid", instance.appid],
    ["dirty_timestamp", instance.dirtyTimestamp],
    ["env", instance.env],
    ["from_zone", true],
    ["hostname", instance.hostname],
    ["latest_timestamp", instance.latestTimestamp],
    ["metadata", encodeMetadata(instance.metadata)],
    ["reg_timestamp", instance.regTimestamp],
    ["region", instance.region],
    ["replication", replication],
    ["status", instance.status],
    ["version", instance.version],
    ["zone", instance.zone],
  ]);
  return { path: "/discovery/register", form, operations: [operation] };
}

function renewRequest(operation: Renew, replication: boolean): GoRequest {
  const { key, region, dirty } = operation;
  const form = encode([
    ["appid", key.appid],
    ["dirty_timestamp", dirty],
    ["env", key.env],
    ["from_zone", true],
    ["hostname", key.hostname],
    ["region", region],
    ["replication", replication],
    ["zone", key.zone],
  ]);
  return { path: "/discovery/renew", form, operations: [operation] };
}

/** The original passes a client's cancel on with latest_timestamp 0, which means now. */
function cancelRequest(operation: Cancel, replication: boolean): GoRequest {
  const { key, region } = operation;
  const form = encode([
    ["appid", key.appid],
    ["env", key.env],
    ["from_zone", true],
    ["hostname", key.hostname],
    ["latest_timestamp", 0],
    ["region", region],
    ["replication", replication],
    ["zone", key.zone],
  ]);
  return { path: "/discovery/cancel", form, operations: [operation] };
}

/** Lists are as many as host names, or absent: a value left out in one change is sent as it stands. */
function setRequest(puts: readonly Put[], replication: boolean): GoRequest {
  const instances = puts.map((put) => put.instance);
  const [first] = instances as [Instance];
  const changes = puts.map((put) => put.set?.change);
  const statuses = changes.some((change) => change?.status)
    ? instances.map((i) => ["status", i.status] as const)
    : [];
  const metadatas = changes.some((change) => change?.metadata)
    ? puts.map(
        (put) => ["metadata", encodeMetadata(put.set?.change.metadata ?? put.instance.metadata)] as const,
      )
    : [];
  const form = encode([
    ["appid", first.appid],
    ["env", first.env],
    ["from_zone", true],
    ...instances.map((instance) => ["hostname", instance.hostname] as const),
    ...metadatas,
    ["region", first.region],
    ["replication", replication],
    ["set_timestamp", puts[0]?.set?.at ?? 0n],
    ...statuses,
    ["zone", first.zone],
  ]);
  return { path: "/discovery/set", form, operations: puts };
}

function encode(pairs: readonly (readonly [string, string | number | bigint | boolean])[]): string {
  return pairs.map(([name, value]) => `${name}=${escape(String(value))}`).join("&");
}

/** As the original escapes: a space is a plus, and `!'()*` are escaped. Half a surrogate pair has no UTF-8. */
function escape(value: string): string {
  return encodeURIComponent(Buffer.from(value).toString())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
