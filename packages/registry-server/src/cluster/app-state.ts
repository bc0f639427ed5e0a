import {
  decodeInstance,
  encodeInstance,
  timestampFrom,
  type Instance,
  type Timestamp,
} from "@discoveryd/protocol";
import type { Registry } from "../registry/registry";
import type { StoredInstance } from "../registry/stored-instance";
import { asFields, asList, malformed, silentMsOf } from "./operation";

/** An instance, and how long it has been silent, in milliseconds. */
export interface Heard {
  readonly instance: Instance;
  readonly silentMs: number;
}

/** One app as a node knows it: what nodes exchange to become equal. */
export interface AppState {
  readonly env: string;
  readonly appid: string;
  readonly instances: readonly Heard[];
  /** A further part of an app that is too large for one: its answer holds no instances, the first one's does. */
  readonly isRest?: true;
  /** Of the instances that the asking node has given: those cancelled here since. */
  readonly cancelled: readonly { readonly zone: string; readonly hostname: string; readonly at: Timestamp }[];
}

/** What of an app this node holds, but for what `isCounted` leaves out. */
export function readState(
  registry: Registry,
  { env, appid }: { env: string; appid: string },
  isCounted: (stored: StoredInstance) => boolean,
): AppState {
  const zones = [...(registry.apps.find(env, appid)?.zones.values() ?? [])];
  const instances = zones
    .flatMap((zone) => zone.all())
    .filter(isCounted)
    .map((stored) => ({
      instance: { ...stored.instance, renewTimestamp: stored.renewTimestamp },
      silentMs: registry.silentMs(stored),
    }));
  return { env, appid, instances, cancelled: [] };
}

export function encodeStates(states: readonly AppState[]): string {
  return `[${states.map(encodeState).join(",")}]`;
}

/** The same, as several lists of about `most` characters at most. A large app is cut into several of the same name. */
export function* encodeInParts(states: readonly AppState[], most: number): Generator<string> {
  let part: string[] = [];
  let length = 0;
  for (const text of states.flatMap(cut).map(encodeState)) {
    if (part.length > 0 && length + text.length > most) {
      yield `[${part.join(",")}]`;
      part = [];
      length = 0;
    }
    part.push(text);
    length += text.length;
  }
  if (part.length > 0) yield `[${part.join(",")}]`;
}

/** Pieces of so many instances, so that even the largest of them fit into one request. */
const PIECE = 50;

function cut(state: AppState): AppState[] {
  if (state.instances.length <= PIECE) return [state];
  const pieces: AppState[] = [];
  for (let at = 0; at < state.instances.length; at += PIECE) {
    const instances = state.instances.slice(at, at + PIECE);
    pieces.push({ ...state, instances, ...(at > 0 && { isRest: true }) });
  }
  return pieces;
}

function encodeState({ env, appid, instances, isRest, cancelled }: AppState): string {
  const list = instances.map(
    ({ instance, silentMs }) => `{"silent_ms":${silentMs},"instance":${encodeInstance(instance)}}`,
  );
  const gone = cancelled.map(
    ({ zone, hostname, at }) =>
      `{"zone":${JSON.stringify(zone)},"hostname":${JSON.stringify(hostname)},"cancelled_timestamp":${at}}`,
  );
  return (
    `{"env":${JSON.stringify(env)},"appid":${JSON.stringify(appid)},${isRest ? '"rest":true,' : ""}` +
    `"instances":[${list.join(",")}],"cancelled":[${gone.join(",")}]}`
  );
}

/** Throws a CodedError (-400). */
export function decodeStates(value: unknown): AppState[] {
  return asList(value).map((item) => {
    const { env, appid, instances, rest, cancelled } = asFields(item);
    if (typeof env !== "string" || typeof appid !== "string") throw malformed("an app without env or appid");
    return {
      env,
      appid,
      instances: asList(instances).map(decodeHeard),
      ...(rest === true && { isRest: true }),
      cancelled: asList(cancelled).map(decodeCancelled),
    };
  });
}

function decodeHeard(value: unknown): Heard {
  const { instance, silent_ms: silentMs } = asFields(value);
  return { instance: decodeInstance(instance), silentMs: silentMsOf(silentMs) };
}

function decodeCancelled(value: unknown): AppState["cancelled"][number] {
  const { zone, hostname, cancelled_timestamp: timestamp } = asFields(value);
  const at = timestampFrom(timestamp);
  if (at === undefined) throw malformed("a cancelled instance without a timestamp");
  if (typeof zone !== "string" || typeof hostname !== "string")
    throw malformed("a cancelled instance without zone or hostname");
  return { zone, hostname, at };
}
