import { seededRandom } from "@discoveryd/runtime/testing";
import { hurry, next, waitMs, type HeartbeatState, type Outcome } from "./heartbeat-state";

const registering = (attempt: number): HeartbeatState => ({ kind: "registering", attempt });
const lost = (attempt: number): HeartbeatState => ({ kind: "lost", attempt });
const up: HeartbeatState = { kind: "up", hurried: false };
const hurried: HeartbeatState = { kind: "up", hurried: true };
const closed: HeartbeatState = { kind: "closed" };

test.each<[HeartbeatState, Outcome, HeartbeatState]>([
  [registering(0), "ok", up],
  [registering(3), "failed", registering(4)],
  [registering(3), "missing", registering(4)],
  [up, "ok", up],
  [hurried, "ok", up],
  [up, "missing", registering(0)],
  [up, "failed", lost(1)],
  [lost(1), "failed", lost(2)],
  [lost(5), "ok", up],
  [lost(5), "missing", registering(0)],
  [closed, "ok", closed],
])("%j, then %s: %j", (state, outcome, expected) => {
  expect(next(state, outcome)).toEqual(expected);
});

test("only who is up and has not hurried yet hurries", () => {
  expect(hurry(up)).toEqual(hurried);
  for (const state of [hurried, registering(1), lost(1), closed]) expect(hurry(state)).toBe(state);
});

test.each<[string, HeartbeatState, number, number]>([
  ["up renews in 27 to 30 s", up, 27_000, 30_000],
  ["hurried renews within 2 s", hurried, 0, 2_000],
  ["a first register goes at once", registering(0), 0, 0],
  ["a first retry within 200 ms", registering(1), 0, 200],
  ["lost retries within 200 ms at first", lost(1), 0, 200],
  ["then within 400 ms", lost(2), 0, 400],
  ["and within 5 s for ever", lost(1_000), 0, 5_000],
  ["closed does not wait", closed, 0, 0],
])("%s", (_rule, state, least, most) => {
  const random = seededRandom(1);
  const waits = Array.from({ length: 500 }, () => waitMs(state, 30_000, random));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...waits)).toBeLessThanOrEqual(most);
  expect(Math.max(...waits)).toBeGreaterThanOrEqual(most * 0.95);
});

test.each<[HeartbeatState, number]>([
  [up, 5_000],
  [hurried, 1_000],
])("%j never waits longer than the interval", (state, intervalMs) => {
  const random = seededRandom(1);
  const waits = Array.from({ length: 500 }, () => waitMs(state, intervalMs, random));
  expect(Math.max(...waits)).toBeLessThanOrEqual(intervalMs);
});
