import { decodeListedInfo, type ListedInstance, type ReadTimestamp } from "@discoveryd/protocol";
import type { Instance, InstancesInfo } from "../naming";

/**
 * An app's state from parsed JSON. Zones without an instance are left out. Throws a CodedError that names the field.
 *
 * @param timestampOf reads `latest_timestamp`, as `parseExact` gives it. Default: as `parseWithTimestamps` leaves it.
 */
export function infoFromWire(value: unknown, timestampOf?: ReadTimestamp): InstancesInfo {
  const { instances, latestTimestamp, scheduler } = decodeListedInfo(value, timestampOf);
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

function instanceFromWire(instance: ListedInstance): Instance {
  const { region, zone, env, appid, hostname, addrs, version, metadata, status, latestTimestamp } = instance;
  return { region, zone, env, appid, hostname, addrs, version, metadata, status, lastTs: latestTimestamp };
}

function instanceToWire({ lastTs, ...fields }: Instance): object {
  return { ...fields, latest_timestamp: lastTs };
}
