import { FakeClock } from "@discoveryd/runtime/testing";
import { App } from "./app";
import { Subscriptions, type Waiter } from "./subscriptions";

const provider = new App("dev", "provider");

/** A waiter that takes as news what `isNews` says, and remembers of what it was told. */
function waiter(appids: readonly string[] = ["provider"], isNews: (app: App) => boolean = () => true) {
  const told: App[] = [];
  const notify = (app: App): boolean => {
    told.push(app);
    return isNews(app);
  };
  const waiting: Waiter & { told: App[] } = { env: "dev", appids, notify, told };
  return waiting;
}

/** Lets one turn of the event loop pass. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

test("a waiter is told of its app soon, never within the change", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = waiter();
  subscriptions.add(waiting);
  subscriptions.publish(provider);
  expect(waiting.told).toEqual([]);
  await turn();
  expect(waiting.told).toEqual([provider]);
  expect(subscriptions.size).toBe(0);
});

test("a waiter is not told of other apps, nor of its app in other envs", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = waiter();
  subscriptions.add(waiting);
  subscriptions.publish(new App("dev", "other"));
  subscriptions.publish(new App("prod", "provider"));
  await settle();
  expect(waiting.told).toEqual([]);
  expect(subscriptions.size).toBe(1);
});

test("a waiter for several apps is told of the first that changes, and then gone from all", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = waiter(["a", "b", "provider"]);
  subscriptions.add(waiting);
  subscriptions.publish(provider);
  subscriptions.publish(new App("dev", "a"));
  await settle();
  expect(waiting.told).toEqual([provider]);
  expect([subscriptions.size, subscriptions.isAwaited(new App("dev", "b"))]).toEqual([0, false]);
});

test("a waiter to whom it was no news waits on", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = waiter(["provider"], () => waiting.told.length === 2);
  subscriptions.add(waiting);
  for (let i = 0; i < 3; i++) {
    subscriptions.publish(provider);
    await settle();
  }
  expect(waiting.told).toHaveLength(2);
  expect(subscriptions.size).toBe(0);
});

test("changes of one turn are told once", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = waiter(["provider"], () => false);
  const leave = subscriptions.add(waiting);
  for (let i = 0; i < 100; i++) subscriptions.publish(provider);
  await settle();
  expect(waiting.told).toHaveLength(1);
  leave();
});

test("64 waiters are told in a turn, the others after those who want to be served meanwhile", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiters = Array.from({ length: 200 }, () => waiter());
  for (const each of waiters) subscriptions.add(each);
  subscriptions.publish(provider);
  const left: number[] = [];
  while (subscriptions.size > 0) {
    await turn();
    left.push(subscriptions.size);
  }
  expect(left).toEqual([136, 72, 8, 0]);
  expect(waiters.every(({ told }) => told.length === 1)).toBe(true);
});

test("waiters whose answers take long are told fewer in a turn: 5 ms, and the others get theirs", async () => {
  const clock = new FakeClock();
  let now = 0;
  jest.spyOn(clock, "monotonic").mockImplementation(() => now);
  const subscriptions = new Subscriptions(clock);
  const takesMs = (ms: number) => waiter(["provider"], () => (now += ms) > 0);
  for (const ms of [1, 1, 1, 1, 1, 4, 4, 20, 1]) subscriptions.add(takesMs(ms));
  subscriptions.publish(provider);
  const left: number[] = [];
  while (subscriptions.size > 0) {
    await turn();
    left.push(subscriptions.size);
  }
  expect(left).toEqual([4, 2, 1, 0]);
});

test("an app that changes while its waiters are told is told again to those who wait on", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiters = Array.from({ length: 100 }, () => waiter(["provider"], () => false));
  const leaves = waiters.map((each) => subscriptions.add(each));
  subscriptions.publish(provider);
  await turn();
  subscriptions.publish(provider);
  await settle();
  expect(waiters.map(({ told }) => told.length)).toEqual(waiters.map(() => 2));
  for (const leave of leaves) leave();
});

test("a change made by somebody who was told is told, too", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const other = new App("dev", "other");
  const second = waiter(["other"]);
  subscriptions.add(
    waiter(["provider"], () => {
      subscriptions.publish(other);
      return true;
    }),
  );
  subscriptions.add(second);
  subscriptions.publish(provider);
  await settle();
  expect(second.told).toEqual([other]);
});

test("who leaves is told nothing any more, even when a change is on its way to it", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = waiter();
  const leave = subscriptions.add(waiting);
  subscriptions.publish(provider);
  leave();
  leave();
  await settle();
  expect(waiting.told).toEqual([]);
  expect(subscriptions.size).toBe(0);
});

test("who comes while others are told is not told of what it has seen already", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  for (let i = 0; i < 100; i++) subscriptions.add(waiter());
  subscriptions.publish(provider);
  await turn();
  const late = waiter();
  const leave = subscriptions.add(late);
  await settle();
  expect(late.told).toEqual([]);
  leave();
});

test("two waiters of one client are two waiters", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const [first, second] = [waiter(), waiter()];
  const leave = subscriptions.add(first);
  subscriptions.add(second);
  leave();
  subscriptions.publish(provider);
  await settle();
  expect([first.told.length, second.told.length]).toEqual([0, 1]);
});

test("nodes of the registry are waited for in every env", async () => {
  const subscriptions = new Subscriptions(new FakeClock());
  const waiting = { ...waiter(["infra.discovery"]), env: "prod" };
  subscriptions.add(waiting);
  const infra = new App("*", "infra.discovery");
  expect(subscriptions.isAwaited(infra)).toBe(true);
  subscriptions.publish(infra);
  await settle();
  expect(waiting.told).toEqual([infra]);
});

test("changes of a burst are one fan-out: each waiter is told once, when the burst is over", async () => {
  const clock = new FakeClock();
  const subscriptions = new Subscriptions(clock, 3);
  const waiting = waiter(["provider"], () => false);
  subscriptions.add(waiting);
  subscriptions.publish(provider);
  await clock.advance(2);
  subscriptions.publish(provider);
  expect(waiting.told).toEqual([]);
  await clock.advance(1);
  await settle();
  expect(waiting.told).toEqual([provider]);
  subscriptions.publish(provider);
  await clock.advance(3);
  await settle();
  expect(waiting.told).toHaveLength(2);
});

test("after its close nobody is told", async () => {
  const clock = new FakeClock();
  const subscriptions = new Subscriptions(clock, 3);
  const waiting = waiter();
  subscriptions.add(waiting);
  subscriptions.publish(provider);
  subscriptions.close();
  await clock.advance(3);
  expect([waiting.told, clock.pending]).toEqual([[], 0]);
});
