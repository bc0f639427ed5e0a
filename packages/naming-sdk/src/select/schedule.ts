import { DEFAULT_WEIGHT } from "@discoveryd/protocol";
import type { Instance, InstancesInfo, ZoneStrategy } from "../naming";

/** The least weight a scheduled instance gets: shares are then exact to half a percent. */
const LEAST_WEIGHT = 100;

/**
 * The instances for a client in `zone`. With a strategy for that zone, traffic goes to the zones by their weights,
 * whatever the number of instances in each: copies of the instances carry a `weight` that makes it so, and instances
 * of one zone keep their weights' proportion. Otherwise, or when the strategy's zones have no instance: those of the
 * zone, and all when it has none.
 */
export function scheduleNode(info: InstancesInfo, zone: string): InstancesInfo {
  const strategy = info.scheduler?.clients.get(zone);
  const scheduled = strategy ? spread(info, strategy) : new Map<string, readonly Instance[]>();
  if (scheduled.size > 0) return { ...info, instances: scheduled };
  const own = info.instances.get(zone) ?? [];
  return own.length > 0 ? { ...info, instances: new Map([[zone, own]]) } : info;
}

/** Whether a strategy rules for clients in `zone`, and not merely their zone. */
export function isScheduled({ instances, scheduler }: InstancesInfo, zone: string): boolean {
  const zones = scheduler?.clients.get(zone)?.zones ?? [];
  return [...zones].some(([name, { weight }]) => weight > 0 && (instances.get(name)?.length ?? 0) > 0);
}

/** What `metadata.weight` says; 10 when it is absent or no positive number. */
export function weightOf({ metadata }: Instance): number {
  const weight = Number(metadata.get("weight"));
  return Number.isFinite(weight) && weight > 0 ? weight : DEFAULT_WEIGHT;
}

function spread({ instances }: InstancesInfo, { zones }: ZoneStrategy): Map<string, readonly Instance[]> {
  const used = [...zones].flatMap(([zone, { weight }]) => {
    const list = instances.get(zone) ?? [];
    const sum = list.reduce((total, instance) => total + weightOf(instance), 0);
    return weight > 0 && list.length > 0 ? [{ zone, list, share: weight / sum }] : [];
  });
  const least = Math.min(
    ...used.flatMap(({ list, share }) => list.map((instance) => weightOf(instance) * share)),
  );
  const factor = LEAST_WEIGHT / least;
  return new Map(
    used.map(({ zone, list, share }) => [
      zone,
      list.map((instance) => withWeight(instance, Math.round(weightOf(instance) * share * factor))),
    ]),
  );
}

function withWeight(instance: Instance, weight: number): Instance {
  return { ...instance, metadata: new Map(instance.metadata).set("weight", String(weight)) };
}
