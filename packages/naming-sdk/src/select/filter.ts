import type { BuildOptions, Instance, InstancesInfo } from "../naming";

/** The instances that satisfy `keep`, zone by zone; zones that have none are left out. */
export function keepInstances(info: InstancesInfo, keep: (instance: Instance) => boolean): InstancesInfo {
  const zones = [...info.instances].map(([zone, list]) => [zone, list.filter(keep)] as const);
  return { ...info, instances: new Map(zones.filter(([, list]) => list.length > 0)) };
}

/** Whether any zone has an instance. */
export function hasInstances({ instances }: InstancesInfo): boolean {
  return [...instances.values()].some((list) => list.length > 0);
}

/** The instances with an address of the scheme and, when clusters are given, one of them as `metadata.cluster`. */
export function filter(info: InstancesInfo, wanted: NonNullable<BuildOptions["filter"]>): InstancesInfo {
  const prefix = `${wanted.scheme}://`;
  const clusters = new Set(wanted.clusters ?? []);
  return keepInstances(
    info,
    ({ addrs, metadata }) =>
      addrs.some((addr) => addr.startsWith(prefix)) &&
      (clusters.size === 0 || clusters.has(metadata.get("cluster") ?? "")),
  );
}
