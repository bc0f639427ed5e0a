import type { Instance, InstancesInfo } from "../naming";
import { hasInstances, keepInstances } from "../select/filter";

/**
 * What is known of one app. `info` is what consumers see.
 *
 * - waiting: no answer yet.
 * - known: a node has told it (perhaps that all instances left: then `info` has none), or a snapshot has.
 * - stale: known, but no node answers.
 * - doubted: known with instances, but the node asked now has never heard of the app.
 * - rejoining: told again by a node that may have lost its memory. `info` is what it told, and the instances known
 *   before that it has not told of since.
 * - missing: it does not exist. `info` is empty.
 */
export type AppState =
  | { readonly kind: "waiting" }
  | { readonly kind: "known" | "stale" | "missing"; readonly info: InstancesInfo }
  | {
      readonly kind: "doubted";
      readonly info: InstancesInfo;
      /** When the doubt began, on the monotonic clock. */
      readonly since: number;
      /** The nodes that do not know the app. */
      readonly nodes: ReadonlySet<string>;
    }
  | {
      readonly kind: "rejoining";
      readonly info: InstancesInfo;
      readonly told: InstancesInfo;
      readonly absent: InstancesInfo;
      /** When the first was told, on the monotonic clock. */
      readonly since: number;
    };

export type AppEvent =
  /** A node told the app's state: with instances, or explicitly with none. */
  | { readonly kind: "told"; readonly info: InstancesInfo }
  /** A node that works, and has told the app's state before, has nothing to add. */
  | { readonly kind: "quiet" }
  /** A node that works does not know the app. `isOnly`: there is no other node to ask. */
  | { readonly kind: "unknown"; readonly node: string; readonly isOnly: boolean }
  /** No node answers. */
  | { readonly kind: "outage" };

export interface ForgetPolicy {
  /** An app must be unknown for this long, in milliseconds, before its last instances are given up. */
  readonly forgetAfterMs: number;
  /** How long instances may take to register again with a node that lost them, in milliseconds. */
  readonly rejoinMs: number;
}

/** What an app without any instance looks like when no node has ever told its state. */
export const emptyInfo: InstancesInfo = { instances: new Map(), lastTs: 0n };

/**
 * What one event does to an app.
 *
 *   waiting --told--> known            waiting --unknown--> missing --told--> known
 *   known, doubted, rejoining --outage--> stale
 *   known, stale, rejoining --unknown--> doubted --unknown, for long, at a second node--> missing
 *   stale --quiet--> known
 *   stale, doubted --told--> rejoining --all told, or rejoinMs over--> known
 *
 * "All left" is what a node says: an answer for the app with no instance in it. It holds at once. A node that does not
 * know the app says less: it may have been restarted a moment ago, and its instances come back with their next
 * heartbeat. So the last instances stay, until nodes that work have not known the app for `forgetAfterMs` on end, two
 * of them where there are two. Silence proves nothing, and begins the count anew: during an outage no instance could
 * renew either.
 *
 * Instances come back one by one. So the first of them does not replace the others either: those have `rejoinMs`.
 */
export function next(state: AppState, event: AppEvent, now: number, policy: ForgetPolicy): AppState {
  switch (event.kind) {
    case "told":
      return tell(state, event.info, now, policy);
    case "quiet":
      // It has not lost its memory: the outage was on the way to other nodes.
      if (state.kind === "stale") return { kind: "known", info: state.info };
      return state.kind === "rejoining" ? tell(state, state.told, now, policy) : state;
    case "unknown":
      return doubt(state, event, now, policy);
    case "outage":
      return state.kind === "waiting" || state.kind === "missing"
        ? state
        : { kind: "stale", info: state.info };
  }
}

/** Doubted for long enough, but by one node alone: another is to be asked. */
export function needsAnotherNode(state: AppState, now: number, { forgetAfterMs }: ForgetPolicy): boolean {
  return state.kind === "doubted" && now - state.since >= forgetAfterMs;
}

function tell(state: AppState, told: InstancesInfo, now: number, { rejoinMs }: ForgetPolicy): AppState {
  const awaited = awaitedIn(state);
  if (!awaited || !hasInstances(told)) return { kind: "known", info: told };
  const since = state.kind === "rejoining" ? state.since : now;
  const here = new Set(namesIn(told));
  // Told of once, an instance is no longer awaited: when it goes it has left.
  const absent = keepInstances(awaited, (instance) => !here.has(nameOf(instance)));
  if (!hasInstances(absent) || now - since >= rejoinMs) return { kind: "known", info: told };
  const isSame = state.kind === "rejoining" && state.told === told;
  return isSame ? state : { kind: "rejoining", info: merge(told, absent), told, absent, since };
}

/** The instances that a node must have time to hear of again. */
function awaitedIn(state: AppState): InstancesInfo | undefined {
  if (state.kind === "rejoining") return state.absent;
  return state.kind === "stale" || state.kind === "doubted" ? state.info : undefined;
}

function doubt(
  state: AppState,
  { node, isOnly }: AppEvent & { readonly kind: "unknown" },
  now: number,
  { forgetAfterMs }: ForgetPolicy,
): AppState {
  if (state.kind === "waiting") return { kind: "missing", info: emptyInfo };
  if (!hasInstances(state.info)) return state;
  const { since, nodes } = state.kind === "doubted" ? state : { since: now, nodes: [] };
  const asked = new Set([...nodes, node]);
  const isOver = now - since >= forgetAfterMs && (isOnly || asked.size > 1);
  return isOver
    ? { kind: "missing", info: emptyInfo }
    : { kind: "doubted", info: state.info, since, nodes: asked };
}

function merge(told: InstancesInfo, absent: InstancesInfo): InstancesInfo {
  const instances = new Map(told.instances);
  for (const [zone, list] of absent.instances) instances.set(zone, [...(instances.get(zone) ?? []), ...list]);
  return { ...told, instances };
}

function namesIn({ instances }: InstancesInfo): string[] {
  return [...instances.values()].flat().map(nameOf);
}

function nameOf({ zone, hostname }: Instance): string {
  return JSON.stringify([zone, hostname]);
}
