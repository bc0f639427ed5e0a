import type { Instance, InstancesInfo } from "../naming";

export function instanceWith(fields: Partial<Instance> = {}): Instance {
  return {
    region: "region01",
    zone: "zone01",
    env: "dev",
    appid: "demo.service",
    hostname: "host-1",
    addrs: ["grpc://127.0.0.1:9000"],
    version: "",
    metadata: new Map(),
    status: 1,
    lastTs: 1n,
    ...fields,
  };
}

/** An app's state from its instances, by their zones. */
export function infoOf(instances: readonly Instance[], fields: Partial<InstancesInfo> = {}): InstancesInfo {
  const zones = new Map<string, Instance[]>();
  for (const instance of instances) zones.set(instance.zone, [...(zones.get(instance.zone) ?? []), instance]);
  return { instances: zones, lastTs: 1n, ...fields };
}

/** The host names shown, over all zones. */
export function hostnamesOf(info: InstancesInfo | undefined): string[] {
  return [...(info?.instances.values() ?? [])].flat().map(({ hostname }) => hostname);
}
