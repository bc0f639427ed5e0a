import { INFRA_APPID, timestampFromMs, type Timestamp } from "@discoveryd/protocol";
import fc from "fast-check";
import type { AppId, ModelKey } from "./model-app";
import type { ModelTrial } from "./model-trial";

/** One thing that is done to a registry, chosen at random. */
export interface Step {
  /** For the report of a run that fails. */
  readonly told: string;
  /** Whether it makes sense now; it is left out when it does not. */
  readonly fits: (trial: ModelTrial) => boolean;
  readonly run: (trial: ModelTrial) => Promise<unknown>;
}

/** Steps of one kind, with their data at random. */
export function steps<T>(
  name: string,
  data: fc.Arbitrary<T>,
  run: (trial: ModelTrial, data: T) => Promise<unknown>,
  fits: (trial: ModelTrial, data: T) => boolean = () => true,
): fc.Arbitrary<Step> {
  return data.map((d) => ({
    told: `${name} ${fc.stringify(d)}`,
    run: (trial) => run(trial, d),
    fits: (trial) => fits(trial, d),
  }));
}

export const ENVS = ["dev", "pre"] as const;
export const ZONES = ["z1", "z2"] as const;
export const HOSTS = ["h1", "h2", "h3"] as const;
export const APPS = ["app.a", "app.b"] as const;

/** The apps that clients register. */
export const ownApps: readonly AppId[] = ENVS.flatMap((env) => APPS.map((appid) => ({ env, appid })));

/** Every app that the steps touch. Of the registry's own there is the node alone: others would become its peers. */
export const appsTouched: readonly AppId[] = [...ownApps, { env: "dev", appid: INFRA_APPID }];

/** The first of a list more often than the others: steps that meet say more than steps that pass each other by. */
export function oftenFirst<T>(items: readonly T[]): fc.Arbitrary<T> {
  const first = items[0] as T;
  return fc.constantFrom(first, first, ...items);
}

export const ownAppArb = oftenFirst(ownApps);
export const zoneArb = oftenFirst(ZONES);

export const keyArb: fc.Arbitrary<ModelKey> = fc
  .record({ app: ownAppArb, zone: zoneArb, hostname: oftenFirst(HOSTS) })
  .map(({ app, zone, hostname }) => ({ ...app, zone, hostname }));

/** How the version that a peer speaks of stands to the one here. */
export const versionArb = fc.constantFrom("older" as const, "same" as const, "newer" as const);

const HOUR_NS = 3_600_000_000_000n;

/** A version that stands so to the one here; undefined when clocks would run too far ahead. */
export function versionOf(
  { model, node }: ModelTrial,
  key: ModelKey,
  version: "older" | "same" | "newer",
): Timestamp | undefined {
  const wall = timestampFromMs(node.clock.now());
  const here = model.version(key) ?? wall;
  if (here > wall + 12n * HOUR_NS) return undefined;
  return { older: here - 1n, same: here, newer: (here > wall ? here : wall) + HOUR_NS + 7n }[version];
}

/** The parameters that name an instance. */
export function keyParams({ env, appid, zone, hostname }: ModelKey): [name: string, value: string][] {
  return [
    ["env", env],
    ["appid", appid],
    ["zone", zone],
    ["hostname", hostname],
  ];
}
