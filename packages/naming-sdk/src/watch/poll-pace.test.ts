import { seededRandom } from "@discoveryd/runtime/testing";
import { firstPace, pace, type PaceState, type PollOutcome } from "./poll-pace";

const random = () => 0.5;

test.each<[PollOutcome, number, object]>([
  ["news", 3, { waitMs: 0, verdict: "good", failures: 0 }],
  ["learnt", 3, { waitMs: 0, verdict: "good", failures: 0 }],
  ["unchanged", 30_000, { waitMs: 0, verdict: "good", failures: 0 }],
  ["unchanged", 3, { waitMs: 100, verdict: "hasty", failures: 1 }],
  ["nothing", 3, { waitMs: 100, verdict: "bad", failures: 1 }],
  ["failed", 3, { waitMs: 100, verdict: "bad", failures: 1 }],
  ["failed", 40_000, { waitMs: 100, verdict: "bad", failures: 1 }],
])("after %s in %d ms: %j", (outcome, tookMs, expected) => {
  expect(pace(firstPace, outcome, tookMs, random)).toMatchObject(expected);
});

test("the wait doubles with each failure, up to 5 s", () => {
  const waits = Array.from(
    { length: 8 },
    (_, failures) => pace({ failures, early: 0 }, "failed", 1, () => 1).waitMs,
  );
  expect(waits).toEqual([200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
});

test("news and a poll that hung prove a node; what is only learnt again does not", () => {
  const failing: PaceState = { failures: 4, early: 0 };
  expect(pace(failing, "news", 1, random).failures).toBe(0);
  expect(pace(failing, "unchanged", 30_000, random).failures).toBe(0);
  expect(pace(failing, "learnt", 1, random).failures).toBe(4);
});

test("ten changes in a row are followed at once, more than that ten a second", () => {
  let state = firstPace;
  const waits = Array.from({ length: 12 }, () => {
    const step = pace(state, "news", 1, random);
    state = step;
    return step.waitMs;
  });
  expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 100]);
  expect(pace(state, "news", 1_000, random)).toMatchObject({ waitMs: 0, early: 0 });
});

test("no mixture of answers that come at once makes more than 25 polls a second for long", () => {
  const outcomes: PollOutcome[] = ["news", "learnt", "unchanged", "nothing", "failed"];
  for (let seed = 0; seed < 50; seed++) {
    const chance = seededRandom(seed);
    // Each seed favours some outcomes: mixtures of two, of three, and single ones are among them.
    const mixture = outcomes.filter(() => chance() < 0.5);
    if (mixture.length === 0) continue;
    let state = firstPace;
    let elapsedMs = 0;
    for (let polls = 0; polls < 2_000; polls++) {
      const outcome = mixture[Math.floor(chance() * mixture.length)] as PollOutcome;
      const step = pace(state, outcome, 1, chance);
      state = step;
      elapsedMs += 1 + step.waitMs;
    }
    expect(elapsedMs).toBeGreaterThan((2_000 / 25) * 1_000);
  }
});
