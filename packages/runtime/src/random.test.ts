import fc from "fast-check";
import { seededRandom, shuffle, systemRandom } from "./random";

fc.configureGlobal({ seed: 1 });

function take(count: number, random: () => number): number[] {
  return Array.from({ length: count }, random);
}

test("the same seed gives the same sequence, another seed another one", () => {
  expect(take(5, seededRandom(7))).toEqual(take(5, seededRandom(7)));
  expect(take(5, seededRandom(7))).not.toEqual(take(5, seededRandom(8)));
});

test("numbers are from 0 to below 1, whatever the seed", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      expect(take(20, seededRandom(seed)).every((n) => n >= 0 && n < 1)).toBe(true);
    }),
  );
  expect(take(20, systemRandom).every((n) => n >= 0 && n < 1)).toBe(true);
});

test("numbers are spread evenly", () => {
  const tenths = take(10_000, seededRandom(1)).map((n) => Math.floor(n * 10));
  for (let tenth = 0; tenth < 10; tenth++) {
    expect(Math.abs(tenths.filter((t) => t === tenth).length - 1_000)).toBeLessThan(120);
  }
});

test("shuffling keeps every item and changes nothing that it was given", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
      const before = [...items];
      const shuffled = shuffle(items, seededRandom(seed));
      expect(items).toEqual(before);
      expect(shuffled.toSorted()).toEqual(before.toSorted());
    }),
  );
});

test("each of the six orders of three items comes about equally often", () => {
  const random = seededRandom(1);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const order = shuffle(["a", "b", "c"], random).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
});
