import { backoffMs, defaultBackoff, type Random } from "@discoveryd/runtime";

/**
 * How one poll ended.
 *
 * - news: an app changed.
 * - learnt: what a node told, after a switch, is what was known before.
 * - unchanged: -304.
 * - nothing: code 0, but not one app is newer than asked for. A registry never answers so.
 * - failed: no answer, or a wrong one.
 */
export type PollOutcome = "news" | "learnt" | "unchanged" | "nothing" | "failed";

/** How the last polls went. */
export interface PaceState {
  /** Polls that went wrong, in a row. */
  readonly failures: number;
  /** Polls that ended early, in a row. */
  readonly early: number;
}

export interface Pace extends PaceState {
  /** How long to wait before the next poll, in milliseconds. */
  readonly waitMs: number;
  /**
   * - good: the answer counts, also for what it does not say.
   * - hasty: the node answers, but does not wait as it should. What it does not say proves nothing.
   * - bad: leave this node.
   */
  readonly verdict: "good" | "hasty" | "bad";
}

/** A poll that ends before this, in milliseconds, did not wait for anything. */
const EARLY_MS = 1_000;
/** So many polls may end early one after another: a deploy makes as many changes. */
const BURST = 10;
/** After a burst of news this is the time between two polls, in milliseconds. */
const BURST_WAIT_MS = 100;

export const firstPace: PaceState = { failures: 0, early: 0 };

/**
 * What comes after a poll that took `tookMs`. News and -304 are followed by the next poll at once, everything
 * suspicious by a wait that doubles, 5 s at most. A node proves itself by news or by letting a poll hang: until then
 * the failures count on, so that no mixture of answers makes a client spin.
 */
export function pace(state: PaceState, outcome: PollOutcome, tookMs: number, random: Random): Pace {
  const early = tookMs < EARLY_MS ? state.early + 1 : 0;
  const burstWaitMs = early > BURST ? BURST_WAIT_MS : 0;
  const wrong = (verdict: "hasty" | "bad"): Pace => {
    const waitMs = backoffMs(state.failures, defaultBackoff, random);
    return { failures: state.failures + 1, early, waitMs, verdict };
  };
  switch (outcome) {
    case "failed":
    case "nothing":
      return wrong("bad");
    case "unchanged":
      return early > 0 ? wrong("hasty") : { failures: 0, early, waitMs: 0, verdict: "good" };
    case "news":
      return { failures: 0, early, waitMs: burstWaitMs, verdict: "good" };
    case "learnt":
      return { failures: state.failures, early, waitMs: burstWaitMs, verdict: "good" };
  }
}
