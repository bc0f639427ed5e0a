import { Guard } from "./guard";

const policy = { threshold: 0.85, minInstances: 10, matureMs: 90_000 };
const MINUTE_MS = 60_000;

/** So many instances that came at once at 0, of which so many renew every 30 s, evenly spread, until `untilMs`. */
function run({
  instances,
  renewing,
  untilMs,
}: {
  instances: number;
  renewing: number;
  untilMs: number;
}): Guard {
  const guard = new Guard(policy);
  for (let i = 0; i < instances; i++) guard.arrived(0);
  for (let now = 0; now < untilMs; now += 30_000 / renewing) guard.renewed(now);
  return guard;
}

test("two renewals a minute are expected of each instance that is here for a lease", () => {
  const guard = run({ instances: 20, renewing: 20, untilMs: 180_000 });
  expect(guard.judge(80_000).expected).toBe(0);
  expect(guard.judge(180_000).expected).toBe(40);
});

test.each([
  [20, 20, false],
  [20, 18, false],
  [20, 16, true],
  [20, 1, true],
  [10, 8, true],
  [9, 7, false],
  [9, 1, false],
  [1_000, 850, false],
  [1_000, 830, true],
])("of %d instances %d renew: protecting is %s", (instances, renewing, protecting) => {
  const guard = run({ instances, renewing, untilMs: 300_000 });
  for (let now = 300_000; now < 301_000; now += 100) {
    expect(guard.judge(now - 1).protecting).toBe(protecting);
  }
});

test("renewals are counted over one minute", () => {
  const guard = new Guard(policy);
  guard.renewed(0);
  expect(guard.judge(MINUTE_MS - 1).renewals).toBe(1);
  expect(guard.judge(MINUTE_MS + 1_000).renewals).toBe(0);
});

test.each([0, 4_750, 5_000, 12_250, 29_999])(
  "a healthy fleet that renews all at once, at %d ms, is never taken for a broken network",
  (phase) => {
    const guard = new Guard(policy);
    for (let i = 0; i < 20; i++) guard.arrived(0);
    const wrong: number[] = [];
    for (let beat = phase; beat < 240_000; beat += 30_000) {
      for (let i = 0; i < 20; i++) guard.renewed(beat);
      for (let now = Math.max(beat, 120_000); now < beat + 30_000; now += 500) {
        if (guard.judge(now).protecting) wrong.push(now);
      }
    }
    expect(wrong).toEqual([]);
  },
);

test("an instance that has left is not expected any more", () => {
  const guard = new Guard(policy);
  for (let i = 0; i < 20; i++) guard.arrived(0);
  for (let i = 0; i < 20; i++) guard.left(0, 200_000);
  expect(guard.judge(200_000)).toEqual({ protecting: false, renewals: 0, expected: 0 });
});

test("one that leaves before it is expected takes nothing from those that are", () => {
  const guard = new Guard(policy);
  for (let i = 0; i < 20; i++) guard.arrived(0);
  guard.arrived(200_000);
  guard.left(200_000, 230_000);
  guard.arrived(230_000);
  expect(guard.judge(230_000).expected).toBe(40);
});

test("what was counted before a long silence is not counted after it", () => {
  const guard = run({ instances: 20, renewing: 20, untilMs: 300_000 });
  expect(guard.judge(10_000_000)).toEqual({ protecting: true, renewals: 0, expected: 40 });
});
