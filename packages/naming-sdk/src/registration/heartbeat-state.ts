import { backoffMs, defaultBackoff, type Random } from "@discoveryd/runtime";

/**
 * How an instance stands with the registry.
 *
 * - registering: the registry does not have it, as far as is known. `attempt` counts the failures.
 * - up: the last request was taken.
 * - lost: it was up, and renewing fails. The registry keeps it for its lease.
 * - closed: nothing is sent any more.
 *
 * Each answer makes a new object, so that a late answer can tell that its state is no longer the current one.
 */
export type HeartbeatState =
  | { readonly kind: "registering"; readonly attempt: number }
  | { readonly kind: "up" }
  | { readonly kind: "lost" }
  | { readonly kind: "closed" };

/** What came of a register or renew. "missing": the registry does not know the instance. */
export type Outcome = "ok" | "missing" | "failed";

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
  if (outcome === "ok") return { kind: "up" };
  if (state.kind === "registering") return { kind: "registering", attempt: state.attempt + 1 };
  return outcome === "missing" ? { kind: "registering", attempt: 0 } : { kind: "lost" };
}

/** Whether the shared heartbeat renews it: the registry has it, or had it a moment ago. */
export function isRenewed({ kind }: HeartbeatState): boolean {
  return kind === "up" || kind === "lost";
}

/** How long to wait after so many failures in a row, in milliseconds: not at all before the first. */
export function retryMs(failures: number, random: Random): number {
  return failures === 0 ? 0 : backoffMs(failures - 1, defaultBackoff, random);
}

/** A renewal comes up to this share earlier than it must, so that clients started together drift apart. */
const JITTER = 0.1;
/** Clients that hurry come back over at least this time, in milliseconds. */
const HURRY_MS = 2_000;

/** How long after a renewal the next is due, in milliseconds: 90 to 100 % of the interval. */
export function renewMs(intervalMs: number, random: Random): number {
  return intervalMs * (1 - JITTER * random());
}

/**
 * When a registry node answers that was out of reach and may have lost us, in milliseconds from then: within 2 s, and
 * the interval. The time by which the client was put off before it asked counts: clients are spread by it already,
 * and who was put off by 5 s is not to wait any longer.
 */
export function hurriedMs(intervalMs: number, putOffMs: number, random: Random): number {
  return Math.min(Math.max(0, HURRY_MS - putOffMs), intervalMs) * random();
}
