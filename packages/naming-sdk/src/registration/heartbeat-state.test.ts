import { seededRandom } from "@discoveryd/runtime/testing";
import {
  hurriedMs,
  isRenewed,
  next,
  renewMs,
  retryMs,
  type HeartbeatState,
  type Outcome,
} from "./heartbeat-state";

const registering = (attempt: number): HeartbeatState => ({ kind: "registering", attempt });
const up: HeartbeatState = { kind: "up" };
const lost: HeartbeatState = { kind: "lost" };
const closed: HeartbeatState = { kind: "closed" };

test.each<[HeartbeatState, Outcome, HeartbeatState]>([
  [registering(0), "ok", up],
  [registering(3), "failed", registering(4)],
  [registering(3), "missing", registering(4)],
  [up, "ok", up],
  [up, "missing", registering(0)],
  [up, "failed", lost],
  [lost, "failed", lost],
  [lost, "ok", up],
  [lost, "missing", registering(0)],
  [closed, "ok", closed],
])("%j, then %s: %j", (state, outcome, expected) => {
  expect(next(state, outcome)).toEqual(expected);
});

test("each answer makes a state that is not the one before", () => {
  expect(next(up, "ok")).not.toBe(up);
});

test("who is up or lost is renewed, nobody else", () => {
  expect([up, lost, registering(1), closed].map(isRenewed)).toEqual([true, true, false, false]);
});

const random = seededRandom(1);

test.each<[string, () => number, number, number]>([
  ["the next renewal is due in 27 to 30 s", () => renewMs(30_000, random), 27_000, 30_000],
  ["of another interval, in 90 to 100 % of it", () => renewMs(5_000, random), 4_500, 5_000],
  ["hurried, within 2 s", () => hurriedMs(30_000, 0, random), 0, 2_000],
  ["by a client that was put off, sooner by that", () => hurriedMs(30_000, 1_500, random), 0, 500],
  ["or at once", () => hurriedMs(30_000, 4_900, random), 0, 0],
  ["but never later than otherwise", () => hurriedMs(1_000, 0, random), 0, 1_000],
  ["a first try goes at once", () => retryMs(0, random), 0, 0],
  ["a first retry within 200 ms", () => retryMs(1, random), 0, 200],
  ["then within 400 ms", () => retryMs(2, random), 0, 400],
  ["and within 5 s for ever", () => retryMs(1_000, random), 0, 5_000],
])("%s", (_rule, wait, least, most) => {
  const waits = Array.from({ length: 500 }, wait);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...waits)).toBeLessThanOrEqual(most);
  expect(Math.max(...waits)).toBeGreaterThanOrEqual(most * 0.95);
});
