import {
  DATA_HEAD,
  DATA_TAIL,
  encodeScheduler,
  timestampToSeconds,
  type Scheduler,
  type Timestamp,
} from "@discoveryd/protocol";
import { planList, type EncodedList } from "./encoded-list";
import { SharedBytes } from "./shared-bytes";
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

/** An app as JSON. */
export interface EncodedInfo {
  /** InstancesInfo. */
  readonly info: Buffer;
  /** The same as the data of a whole answer. Nothing was copied for it. */
  readonly answer: SharedBytes;
}

interface Encoded extends EncodedInfo {
  readonly lists: ReadonlyMap<string, EncodedList>;
  readonly version: number;
  readonly heartbeats: number;
  readonly at: number;
}

/** The encoded views of an app: each version of one is encoded once, whoever reads it, and from the one before. */
export class ViewCache {
  private readonly encoded = new Map<number | string, Encoded>();
  private version = 0;
  private heartbeats = 0;

  /** What was encoded is out of date. */
  changed(): void {
    // What nobody has read since the last change is not kept for the next.
    for (const [key, { version }] of this.encoded) if (version !== this.version) this.encoded.delete(key);
    this.version++;
  }

  /** What was encoded shows an older heartbeat. */
  renewed(): void {
    this.heartbeats++;
  }

  /** @see App.read */
  read(app: Shown, view: View, now: number, maxAgeMs: number): EncodedInfo {
    // Not kept: anybody can ask for any number of zones that do not exist.
    if (view.zone !== undefined && !app.zones.has(view.zone)) return encode(app, view, new Map());
    const key = keyOf(view);
    const known = this.encoded.get(key);
    if (known?.version === this.version) {
      if (known.heartbeats === this.heartbeats || now - known.at < maxAgeMs) return known;
    }
    const made = encode(app, view, known?.lists ?? new Map());
    const { version, heartbeats } = this;
    const kept = { ...made, version, heartbeats, at: now };
    this.encoded.set(key, kept);
    return kept;
  }
}

/** A number where it can be: it is looked up for each of ten thousand pollers. */
function keyOf({ zone, status, shape }: View): number | string {
  const code = (status & 3) + (shape === "flat" ? 4 : 0);
  return zone === undefined ? code : `${code},${zone}`;
}

type Lists = ReadonlyMap<string, EncodedList>;

/** A part of what is written, whose size is known before. */
interface Part {
  readonly bytes: number;
  write(into: Buffer, at: number): void;
}

/** @param last the lists of the last encoding, by zone. */
function encode(app: Shown, view: View, last: Lists): EncodedInfo & { readonly lists: Lists } {
  const lists = new Map<string, EncodedList>();
  const parts = [text(DATA_HEAD), ...infoParts(app, view, { last, lists }), text(DATA_TAIL)];
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  // In memory of its own: it may stay for long.
  const answer = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) {
    part.write(answer, at);
    at += part.bytes;
  }
  const info = answer.subarray(DATA_HEAD.length, bytes - DATA_TAIL.length);
  return { info, answer: new SharedBytes(answer), lists };
}

/** @param lists is filled when the parts are written. */
function infoParts(
  { zones, scheduler, latestTimestamp }: Shown,
  view: View,
  { last, lists }: { last: Lists; lists: Map<string, EncodedList> },
): Part[] {
  const shown = [...zones].filter(([name]) => view.zone === undefined || view.zone === name);
  const plans = shown.map(([name, zone]) => {
    const plan = planList(zone.all(), view.status, last.get(name));
    const first: Part = { bytes: plan.bytes, write: (into, at) => lists.set(name, plan.write(into, at)) };
    const again: Part = { bytes: plan.bytes, write: (into, at) => copyWithin(into, at, lists.get(name)) };
    return { name, first, again };
  });
  const byZone = (of: "first" | "again") => [
    text("{"),
    ...plans.flatMap((plan, i) => [
      text(`${i === 0 ? "" : ","}${JSON.stringify(plan.name)}:[`),
      plan[of],
      text("]"),
    ]),
    text("}"),
  ];
  const rest = `${scheduler ? `,"scheduler":${encodeScheduler(scheduler)}` : ""},"latest_timestamp":${latestTimestamp}`;
  if (view.shape === "zones") return [text(`{"instances":`), ...byZone("first"), text(`${rest}}`)];
  const all = plans
    .filter(({ first }) => first.bytes > 0)
    .flatMap(({ first }, i) => (i === 0 ? [first] : [text(","), first]));
  const seconds = timestampToSeconds(latestTimestamp);
  return [
    text(`{"instances":[`),
    ...all,
    text(`],"zone_instances":`),
    ...byZone("again"),
    text(`${rest},"latest_timestamp_str":"${seconds}"}`),
  ];
}

function text(of: string): Part {
  return { bytes: Buffer.byteLength(of), write: (into, at) => into.write(of, at) };
}

function copyWithin(into: Buffer, at: number, list: EncodedList | undefined): void {
  if (list) into.copyWithin(at, list.start, list.end);
}
