import { createHash } from "node:crypto";
import { soon, type Clock } from "@discoveryd/runtime";
import type { App } from "../registry/app";
import type { Apps } from "../registry/apps";
import type { StoredInstance } from "../registry/stored-instance";

/** The digest of one app. */
export interface AppDigest {
  readonly env: string;
  readonly appid: string;
  readonly digest: string;
}

/** By number of bucket: the digests of the apps in it. */
export type Differences = ReadonlyMap<number, readonly AppDigest[]>;

/** Apps are compared in so many buckets first: two nodes without differences exchange one short request. */
export const BUCKETS = 256;

/** Other requests get their turn after so many milliseconds of digesting. */
const SLICE_MS = 5;

/**
 * The digests of all apps, by bucket. Two nodes that hold the same versions of the same instances have the same.
 * Heartbeats do not count, nor does what `isCounted` leaves out.
 */
export async function digestApps(
  apps: Apps,
  isCounted: (stored: StoredInstance) => boolean,
  clock: Clock,
): Promise<AppDigest[][]> {
  const buckets: AppDigest[][] = Array.from({ length: BUCKETS }, () => []);
  let sliceEnd = clock.monotonic() + SLICE_MS;
  for (const app of apps.all()) {
    const digest = digestApp(app, isCounted);
    if (digest !== "") buckets[bucketOf(app)]?.push({ env: app.env, appid: app.appid, digest });
    if (clock.monotonic() < sliceEnd) continue;
    await new Promise<void>(soon);
    sliceEnd = clock.monotonic() + SLICE_MS;
  }
  return buckets;
}

/** One digest a bucket, whatever the order of its apps. */
export function digestBuckets(buckets: readonly (readonly AppDigest[])[]): string[] {
  return buckets.map((apps) =>
    apps.length === 0 ? "" : hash(apps.map(({ env, appid, digest }) => `${env},${appid},${digest}`).sort()),
  );
}

/** The bucket of an app: the same on every node. */
export function bucketOf({ env, appid }: { env: string; appid: string }): number {
  return createHash("sha1").update(`${env},${appid}`).digest()[0] as number;
}

/** Empty for an app without instances that count. */
function digestApp(app: App, isCounted: (stored: StoredInstance) => boolean): string {
  const versions: string[] = [];
  for (const zone of app.zones.values()) {
    for (const stored of zone.all()) {
      if (isCounted(stored)) versions.push(stored.version());
    }
  }
  return versions.length === 0 ? "" : hash(versions.sort());
}

function hash(lines: readonly string[]): string {
  return createHash("sha1")
    .update(`${lines.join("\n")}\n`)
    .digest("base64");
}
