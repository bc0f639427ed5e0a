import { backoffMs, defaultBackoff, type Random } from "@discoveryd/runtime";

/**
 * How an instance stands with the registry.
 *
 * - registering: the registry does not have it, as far as is known. `attempt` counts the failures.
 * - up: the last request was taken. `hurried`: a registry node was out of reach meanwhile, and may have lost it.
 * - lost: it was up, and renewing fails. The registry keeps it for its lease. `attempt` counts the failures.
 * - closed: nothing is sent any more.
 */
export type HeartbeatState =
  | { readonly kind: "registering"; readonly attempt: number }
  | { readonly kind: "up"; readonly hurried: boolean }
  | { readonly kind: "lost"; readonly attempt: number }
  | { readonly kind: "closed" };

/** What came of a register or renew. "missing": the registry does not know the instance. */
export type Outcome = "ok" | "missing" | "failed";

/** A renewal comes up to this share earlier than it must, so that instances started together drift apart. */
const JITTER = 0.1;
/** Hurried renewals of many instances spread over this time, in milliseconds. */
const HURRY_MS = 2_000;

/**
 * What one answer does to a heartbeat.
 *
 *   registering --ok--> up --failed--> lost --ok--> up
 *   up, lost --missing--> registering
 *
 * "missing" means that the registry has forgotten us (it restarted, or evicted us): the only cure is to register
 * again, at once.
 */
export function next(state: HeartbeatState, outcome: Outcome): HeartbeatState {
  if (state.kind === "closed") return state;
  if (outcome === "ok") return { kind: "up", hurried: false };
  if (state.kind === "registering") return { kind: "registering", attempt: state.attempt + 1 };
  if (outcome === "missing") return { kind: "registering", attempt: 0 };
  return { kind: "lost", attempt: state.kind === "lost" ? state.attempt + 1 : 1 };
}

/** A registry node is back that was out of reach. If it was restarted it has lost us: the next renewal will tell. */
export function hurry(state: HeartbeatState): HeartbeatState {
  return state.kind === "up" && !state.hurried ? { kind: "up", hurried: true } : state;
}

/** How long to wait before the next request, in milliseconds: 90 to 100 % of the interval when all is well. */
export function waitMs(state: HeartbeatState, intervalMs: number, random: Random): number {
  switch (state.kind) {
    case "closed":
      return 0;
    case "up":
      return state.hurried ? Math.min(HURRY_MS, intervalMs) * random() : intervalMs * (1 - JITTER * random());
    case "registering":
    case "lost":
      return state.attempt === 0 ? 0 : backoffMs(state.attempt - 1, defaultBackoff, random);
  }
}
