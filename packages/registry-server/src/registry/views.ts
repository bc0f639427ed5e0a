import { encodeScheduler, timestampToSeconds, type Scheduler, type Timestamp } from "@discoveryd/protocol";
import type { StoredInstance } from "./stored-instance";
import type { Zone } from "./zone";

/** What of an app is shown, and how. */
export interface View {
  /** Only this zone; undefined is all. */
  readonly zone: string | undefined;
  /** Bit mask: 1 up, 2 waiting. */
  readonly status: number;
  /** `zones`: instances by zone. `flat`: one list beside the map, as brpc and the Java client read it. */
  readonly shape: "zones" | "flat";
}

/** What a view is made from: an app. */
interface Shown {
  readonly zones: ReadonlyMap<string, Zone>;
  readonly scheduler: Scheduler | undefined;
  readonly latestTimestamp: Timestamp;
}

interface Encoded {
  readonly info: Buffer;
  readonly heartbeats: number;
  readonly at: number;
}

/** The encoded views of one version of an app: each is encoded once, whoever reads it. */
export class ViewCache {
  /** How many heartbeats the app has had in this version. */
  heartbeats = 0;

  private readonly encoded = new Map<string, Encoded>();

  /** @see App.read */
  read(app: Shown, view: View, now: number, maxAgeMs: number): Buffer {
    // Not kept: anybody can ask for any number of zones that do not exist.
    if (view.zone !== undefined && !app.zones.has(view.zone)) return Buffer.from(encodeInfo(app, view));
    const key = `${view.status & 3},${view.shape},${view.zone ?? ""}`;
    const known = this.encoded.get(key);
    if (known && (known.heartbeats === this.heartbeats || now - known.at < maxAgeMs)) return known.info;
    const info = Buffer.from(encodeInfo(app, view));
    this.encoded.set(key, { info, heartbeats: this.heartbeats, at: now });
    return info;
  }
}

function encodeInfo(app: Shown, view: View): string {
  const zones: string[] = [];
  const lists: string[] = [];
  for (const [name, zone] of app.zones) {
    if (view.zone !== undefined && view.zone !== name) continue;
    const list = encodeList(zone.all(), view.status);
    if (list !== "") lists.push(list);
    zones.push(`${JSON.stringify(name)}:[${list}]`);
  }
  const byZone = `{${zones.join(",")}}`;
  const scheduler = app.scheduler ? `"scheduler":${encodeScheduler(app.scheduler)},` : "";
  if (view.shape === "zones") {
    return `{"instances":${byZone},${scheduler}"latest_timestamp":${app.latestTimestamp}}`;
  }
  const seconds = timestampToSeconds(app.latestTimestamp);
  return (
    `{"instances":[${lists.join(",")}],"zone_instances":${byZone},${scheduler}` +
    `"latest_timestamp":${app.latestTimestamp},"latest_timestamp_str":"${seconds}"}`
  );
}

function encodeList(instances: readonly StoredInstance[], status: number): string {
  let text = "";
  for (const stored of instances) {
    if (stored.instance.status & status) text += text === "" ? stored.encode() : `,${stored.encode()}`;
  }
  return text;
}
