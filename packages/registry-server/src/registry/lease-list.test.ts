import { LeaseList, type Leased } from "./lease-list";

interface TestLease extends Leased {
  readonly name: string;
}

function lease(name: string, renewedAt: number): TestLease {
  return { name, renewedAt, older: undefined, newer: undefined };
}

function listOf(...leases: TestLease[]): LeaseList<TestLease> {
  const list = new LeaseList<TestLease>();
  for (const item of leases) list.add(item);
  return list;
}

function names(list: LeaseList<TestLease>, moment = Infinity): string {
  return list
    .renewedUntil(moment)
    .map(({ name }) => name)
    .join("");
}

test("leases stand in the order in which they came", () => {
  const list = listOf(lease("a", 1), lease("b", 2), lease("c", 2));
  expect(names(list)).toBe("abc");
  expect(list.size).toBe(3);
});

test("a lease is in it from when it is added until it is removed, renewed or not", () => {
  const [a, b] = [lease("a", 1), lease("b", 2)] as const;
  const list = listOf(a, b);
  list.touch(a);
  list.remove(b);
  expect([list.has(a), list.has(b), list.has(lease("a", 1))]).toEqual([true, false, false]);
  list.add(b);
  expect(list.has(b)).toBe(true);
});

test("a lease that was renewed earlier than others stands before them", () => {
  expect(names(listOf(lease("b", 2), lease("d", 4), lease("a", 1), lease("c", 3)))).toBe("abcd");
});

test("what was renewed until a moment ends there, the moment included", () => {
  const list = listOf(lease("a", 1), lease("b", 2), lease("c", 3));
  expect(names(list, 0)).toBe("");
  expect(names(list, 2)).toBe("ab");
});

test.each([
  ["a", "bca"],
  ["b", "acb"],
  ["c", "abc"],
])("a renewal of %s makes the order %s", (name, order) => {
  const leases = [lease("a", 1), lease("b", 2), lease("c", 3)];
  const list = listOf(...leases);
  const renewed = leases.find((item) => item.name === name) as TestLease;
  Object.assign(renewed, { renewedAt: 4 });
  list.touch(renewed);
  expect(names(list)).toBe(order);
});

test.each(["a", "b", "c"])("without %s the others stay in order, and it has no neighbours", (name) => {
  const leases = [lease("a", 1), lease("b", 2), lease("c", 3)];
  const list = listOf(...leases);
  const removed = leases.find((item) => item.name === name) as TestLease;
  list.remove(removed);
  expect(names(list)).toBe("abc".replace(name, ""));
  expect(removed).toMatchObject({ older: undefined, newer: undefined });
  expect(list.size).toBe(2);
});

test("a list that was emptied takes leases again", () => {
  const only = lease("a", 1);
  const list = listOf(only);
  list.remove(only);
  expect(names(list)).toBe("");
  list.add(lease("b", 1));
  expect(names(list)).toBe("b");
});

test("leases found are no part of the list: it may change while they are walked", () => {
  const list = listOf(lease("a", 1), lease("b", 2));
  for (const found of list.renewedUntil(2)) list.remove(found);
  expect(list.size).toBe(0);
});

test("leases of any age are taken in any order, and found with the oldest first", () => {
  const ages = [90_500, 10, 45_000, 1_999, 2_000, 90_400, 0];
  const list = listOf(...ages.map((renewedAt) => lease(`${renewedAt} `, renewedAt)));
  expect(names(list)).toBe("0 10 1999 2000 45000 90400 90500 ");
  expect(names(list, 45_000)).toBe("0 10 1999 2000 45000 ");
});

test("a lease renewed long ago costs no more than one renewed now", () => {
  const list = listOf(...Array.from({ length: 50_000 }, (_, i) => lease("", i)));
  let looks = 0;
  const late = lease("late", 100);
  const counted = Object.defineProperty({ ...late }, "renewedAt", { get: () => (looks++, 100) });
  list.add(counted);
  expect(looks).toBeLessThan(10);
  expect(list.size).toBe(50_001);
});
