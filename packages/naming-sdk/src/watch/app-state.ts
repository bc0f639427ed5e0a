import { hasInstances } from "../select/filter";
import type { InstancesInfo } from "../naming";

/**
 * What is known of one app.
 *
 * - waiting: no answer yet.
 * - known: a node has told it (perhaps that all instances left: then `info` has none), or a snapshot has.
 * - doubted: known with instances, but the node asked now has never heard of the app. `info` stays in use.
 * - missing: it does not exist. `info` is empty.
 */
export type AppState =
  | { readonly kind: "waiting" }
  | { readonly kind: "known"; readonly info: InstancesInfo }
  | {
      readonly kind: "doubted";
      readonly info: InstancesInfo;
      /** When the doubt began, on the monotonic clock. */
      readonly since: number;
      /** The nodes that do not know the app. */
      readonly nodes: ReadonlySet<string>;
    }
  | { readonly kind: "missing"; readonly info: InstancesInfo };

export type AppEvent =
  /** A node told the app's state: with instances, or explicitly with none. */
  | { readonly kind: "told"; readonly info: InstancesInfo }
  /** A node that works does not know the app. `isOnly`: there is no other node to ask. */
  | { readonly kind: "unknown"; readonly node: string; readonly isOnly: boolean }
  /** No node answers. */
  | { readonly kind: "outage" };

export interface ForgetPolicy {
  /** An app must be unknown for this long, in milliseconds, before its last instances are given up. */
  readonly forgetAfterMs: number;
}

/** What an app without any instance looks like when no node has ever told its state. */
export const emptyInfo: InstancesInfo = { instances: new Map(), lastTs: 0n };

/**
 * What one event does to an app.
 *
 *   waiting --told--> known --unknown--> doubted --told, outage--> known
 *   waiting --unknown--> missing --told--> known
 *   doubted --unknown, for long enough and at a second node--> missing
 *
 * "All left" is what a node says: an answer for the app with no instance in it. It holds at once. A node that does not
 * know the app says less: it may have been restarted a moment ago, and its instances come back with their next
 * heartbeat. So the last instances stay, until nodes that work have not known the app for `forgetAfterMs` on end, two
 * of them where there are two. Silence proves nothing, and begins the count anew: during an outage no instance could
 * renew either.
 */
export function next(state: AppState, event: AppEvent, now: number, policy: ForgetPolicy): AppState {
  switch (event.kind) {
    case "told":
      return { kind: "known", info: event.info };
    case "outage":
      return state.kind === "doubted" ? { kind: "known", info: state.info } : state;
    case "unknown":
      return doubt(state, event, now, policy);
  }
}

function doubt(
  state: AppState,
  { node, isOnly }: AppEvent & { readonly kind: "unknown" },
  now: number,
  { forgetAfterMs }: ForgetPolicy,
): AppState {
  if (state.kind === "waiting") return { kind: "missing", info: emptyInfo };
  if (state.kind === "missing" || !hasInstances(state.info)) return state;
  const { since, nodes } = state.kind === "doubted" ? state : { since: now, nodes: [] };
  const asked = new Set([...nodes, node]);
  const isOver = now - since >= forgetAfterMs && (isOnly || asked.size > 1);
  return isOver
    ? { kind: "missing", info: emptyInfo }
    : { kind: "doubted", info: state.info, since, nodes: asked };
}

/** Doubted for long enough, but by one node alone: another is to be asked. */
export function needsAnotherNode(state: AppState, now: number, { forgetAfterMs }: ForgetPolicy): boolean {
  return state.kind === "doubted" && now - state.since >= forgetAfterMs;
}
