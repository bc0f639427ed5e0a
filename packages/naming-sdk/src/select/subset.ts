import type { Instance, InstancesInfo } from "../naming";
import { keepInstances } from "./filter";

export interface SubsetOptions {
  /** Of each zone at least one stays, where `size` allows: no zone is to lose its share of traffic. Default false. */
  readonly eachZone?: boolean;
}

/**
 * At most `size` instances for a client: those with the greatest hash of (client, instance), known as rendezvous
 * hashing. No client needs to know another. An instance that leaves is replaced by one other at those clients that
 * had it, and at no other client does anything change. So it is in gRPC's A68, random subsetting.
 */
export function subset(
  info: InstancesInfo,
  size: number,
  clientId: string,
  { eachZone = false }: SubsetOptions = {},
): InstancesInfo {
  const all = [...info.instances.values()].flat();
  if (all.length <= size) return info;
  const ranked = all
    .map((instance) => ({ instance, rank: rank(clientId, instance) }))
    .sort((a, b) => b.rank - a.rank)
    .map(({ instance }) => instance);
  const first = eachZone ? firstOfEachZone(ranked) : [];
  const chosen = new Set([...new Set([...first, ...ranked])].slice(0, size));
  return keepInstances(info, (instance) => chosen.has(instance));
}

function firstOfEachZone(ranked: readonly Instance[]): Instance[] {
  const zones = new Set<string>();
  return ranked.filter(({ zone }) => !zones.has(zone) && zones.add(zone));
}

function rank(clientId: string, { zone, hostname }: Instance): number {
  // Lengths first: ("a", "bc") and ("ab", "c") must not be the same text.
  return hash53(`${clientId.length}:${zone.length}:${clientId}${zone}${hostname}`);
}

/**
 * A hash of 53 bits, which a number holds exactly: two lanes of 32 bits, each character multiplied into both, and
 * MurmurHash3's finish so that inputs that differ in one bit have unrelated results.
 */
export function hash53(text: string): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x27d4eb2f);
    b ^= b >>> 15;
  }
  const high = finish(a ^ Math.imul(b, 0xcc9e2d51));
  const low = finish(b ^ Math.imul(high, 0x1b873593));
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}

function finish(h: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}
