import { seededRandom } from "@discoveryd/runtime/testing";
import { expiredUntil, mostEvictions, pickEvictions } from "./eviction";

const policy = { ttlMs: 90_000, ceilingMs: 3_600_000, keepShare: 0.85 };

test.each([
  [1, 1],
  [2, 1],
  [7, 1],
  [13, 1],
  [14, 2],
  [20, 3],
  [100, 15],
  [1_000, 150],
  [0, 0],
])("of %d instances at most %d go in a minute: a single one always can", (size, most) => {
  expect(mostEvictions(size, policy.keepShare)).toBe(most);
});

test("never more than the share goes, of whatever size; at a share of 1 nothing does", () => {
  for (let size = 2; size <= 2_000; size++) {
    const most = mostEvictions(size, 0.85);
    expect(most === 1 || most / size <= 0.15 + 1e-9).toBe(true);
    expect((most + 1) / size).toBeGreaterThan(0.15);
    expect(mostEvictions(size, 1)).toBe(0);
    expect(mostEvictions(size, 0)).toBe(size);
  }
});

test("a lease ends after its time, under self-preservation after an hour", () => {
  expect(expiredUntil(4_000_000, false, policy)).toBe(3_910_000);
  expect(expiredUntil(4_000_000, true, policy)).toBe(400_000);
});

test("no more are picked than may go, each at most once", () => {
  const expired = [1, 2, 3, 4, 5];
  const picked = pickEvictions(expired, 3, seededRandom(1));
  expect(new Set(picked).size).toBe(3);
  expect(expired).toEqual(expect.arrayContaining(picked));
  expect(pickEvictions(expired, 9, seededRandom(1))).toHaveLength(5);
  expect(pickEvictions(expired, -1, seededRandom(1))).toEqual([]);
});

test("they are picked in random order: none is safe for where it stands", () => {
  const random = seededRandom(7);
  const picked = new Set(Array.from({ length: 200 }, () => pickEvictions([1, 2, 3, 4, 5], 1, random)[0]));
  expect([...picked].sort()).toEqual([1, 2, 3, 4, 5]);
});
