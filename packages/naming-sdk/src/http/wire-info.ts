import { decodeInstancesInfo, type Instance as WireInstance } from "@discoveryd/protocol";
import type { Instance, InstancesInfo } from "../naming";

/**
 * An app's state from JSON that `parseWithTimestamps` has read. Zones without an instance are left out.
 * Throws a CodedError that names the field.
 */
export function infoFromWire(value: unknown): InstancesInfo {
  const { instances, latestTimestamp, scheduler } = decodeInstancesInfo(value);
  const zones = [...instances].filter(([, list]) => list.length > 0);
  return {
    instances: new Map(zones.map(([zone, list]) => [zone, list.map(instanceFromWire)])),
    lastTs: latestTimestamp,
    ...(scheduler && { scheduler }),
  };
}

/** An app's state as JSON text that `infoFromWire` takes. */
export function infoToWire({ instances, lastTs, scheduler }: InstancesInfo): string {
  const zones = [...instances].map(([zone, list]) => [zone, list.map(instanceToWire)]);
  const fields = { instances: Object.fromEntries(zones), scheduler, latest_timestamp: lastTs };
  return JSON.stringify(fields, (_key, value: unknown) => {
    // As a string a timestamp keeps every digit.
    if (typeof value === "bigint") return value.toString();
    return value instanceof Map ? Object.fromEntries(value as ReadonlyMap<string, unknown>) : value;
  });
}

function instanceFromWire(instance: WireInstance): Instance {
  const { region, zone, env, appid, hostname, addrs, version, metadata, status, latestTimestamp } = instance;
  return { region, zone, env, appid, hostname, addrs, version, metadata, status, lastTs: latestTimestamp };
}

function instanceToWire({ lastTs, ...fields }: Instance): object {
  return { ...fields, latest_timestamp: lastTs };
}
