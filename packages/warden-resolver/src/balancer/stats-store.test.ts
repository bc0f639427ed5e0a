import { StatsStore } from "./stats-store";

test("an address that leaves and comes back is known at once", () => {
  const store = new StatsStore();
  const stats = store.enter("a", 0);
  store.leave("a", 10);
  expect(store.enter("a", 20)).toBe(stats);
  expect(store.enter("a", 30)).toBe(stats);
});

test("an address gone for longer than keepMs is forgotten", () => {
  const store = new StatsStore({ keepMs: 1_000 });
  const stats = store.enter("a", 0);
  store.leave("a", 0);
  expect(store.enter("a", 1_001)).not.toBe(stats);
});

test("what is in use is never forgotten", () => {
  const store = new StatsStore({ keepMs: 1_000, maxGone: 0 });
  const stats = store.enter("a", 0);
  expect(store.enter("a", 10_000)).toBe(stats);
});

test("of the addresses that are gone only the last maxGone are kept", () => {
  const store = new StatsStore({ maxGone: 2 });
  const [a, , c] = ["a", "b", "c"].map((key) => store.enter(key, 0));
  for (const key of ["a", "b", "c"]) store.leave(key, 1);
  expect(store.size).toBe(2);
  expect(store.enter("c", 2)).toBe(c);
  expect(store.enter("a", 2)).not.toBe(a);
});

test("leaving twice, or without having come, is nothing", () => {
  const store = new StatsStore();
  store.leave("a", 0);
  expect(store.size).toBe(0);
});

test("what a balancer counted is not taken for the count of the next one", () => {
  const store = new StatsStore();
  const stats = store.enter("a", 0);
  stats.picked(5, 5_000);
  expect(store.enter("a", 10)).toMatchObject({ pickedAt: 5, pickedCount: 0 });
});
