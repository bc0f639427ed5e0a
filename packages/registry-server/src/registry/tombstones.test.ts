import { key } from "../testing/builders";
import { TOMBSTONE_MS, Tombstones } from "./tombstones";

const other = { ...key, hostname: "h2" };

test("a tombstone is there for 3 minutes", () => {
  const tombstones = new Tombstones();
  tombstones.bury(key, 5n, 1_000);
  expect(TOMBSTONE_MS).toBe(180_000);
  expect(tombstones.find(key, 180_999)).toBe(5n);
  expect(tombstones.find(key, 181_000)).toBeUndefined();
  expect(tombstones.find(other, 1_000)).toBeUndefined();
});

test("of two cancels the later one counts, and the time begins anew", () => {
  const tombstones = new Tombstones();
  tombstones.bury(key, 5n, 0);
  tombstones.bury(key, 3n, 60_000);
  expect(tombstones.size).toBe(1);
  expect(tombstones.find(key, 239_999)).toBe(5n);
});

test("a tombstone that is over does not count against a new one", () => {
  const tombstones = new Tombstones();
  tombstones.bury(key, 5n, 0);
  tombstones.bury(key, 3n, 200_000);
  expect(tombstones.find(key, 200_000)).toBe(3n);
});

test("an instance that lives again has none", () => {
  const tombstones = new Tombstones();
  tombstones.bury(key, 5n, 0);
  tombstones.lift(key);
  expect(tombstones.find(key, 0)).toBeUndefined();
});

test("a sweep takes away those that are over, and no others", () => {
  const tombstones = new Tombstones();
  tombstones.bury(key, 5n, 0);
  tombstones.bury(other, 5n, 0);
  tombstones.bury(key, 6n, 1_000);
  tombstones.sweep(180_000);
  expect(tombstones.size).toBe(1);
  expect(tombstones.find(key, 180_000)).toBe(6n);
});

test("parts of a key do not run into each other", () => {
  const tombstones = new Tombstones();
  tombstones.bury({ env: "a", appid: "bc", zone: "d", hostname: "e" }, 1n, 0);
  expect(tombstones.find({ env: "ab", appid: "c", zone: "d", hostname: "e" }, 0)).toBeUndefined();
});
