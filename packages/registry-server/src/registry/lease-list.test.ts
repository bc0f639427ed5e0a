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
