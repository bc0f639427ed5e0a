import { FakeClock } from "@discoveryd/runtime/testing";
import { infoOf, instanceWith } from "../testing/builders";
import { AppStore } from "./app-store";

const info = infoOf([instanceWith()], { lastTs: 5n });

test("a new state is emitted, the same one again is not", () => {
  const app = new AppStore().open("demo.service");
  const seen: bigint[] = [];
  app.changes.on(({ lastTs }) => seen.push(lastTs));
  expect(app.info).toBeUndefined();
  expect(app.take({ kind: "told", info })).toBe(true);
  expect(app.take({ kind: "told", info: { ...info } })).toBe(false);
  expect(app.take({ kind: "told", info: { ...info, lastTs: 6n } })).toBe(true);
  expect(seen).toEqual([5n, 6n]);
});

test("a node that has other instances under the same timestamp is heard", () => {
  const app = new AppStore().open("demo.service");
  const seen: number[] = [];
  app.changes.on(({ instances }) => seen.push(instances.size));
  app.take({ kind: "told", info });
  expect(app.take({ kind: "told", info: infoOf([], { lastTs: 5n }) })).toBe(false);
  expect(seen).toEqual([1, 0]);
});

test("the last instances stay while nodes do not know the app, for two minutes and past any outage", () => {
  const clock = new FakeClock();
  const store = new AppStore({ clock });
  const app = store.open("demo.service");
  const unknown = () => app.take({ kind: "unknown", node: "n1", isOnly: true });
  app.take({ kind: "told", info });
  unknown();
  void clock.advance(119_000);
  unknown();
  store.outage();
  void clock.advance(500_000);
  unknown();
  expect(app.info).toBe(info);
  void clock.advance(120_000);
  expect(app.needsAnotherNode).toBe(true);
  expect(unknown()).toBe(true);
  expect(app.info?.instances.size).toBe(0);
});

test("how long is enough can be set", () => {
  const app = new AppStore({ clock: new FakeClock(), forgetAfterMs: 0 }).open("demo.service");
  app.take({ kind: "told", info });
  expect(app.take({ kind: "unknown", node: "n1", isOnly: true })).toBe(true);
});

test("an app is one thing until it is removed", () => {
  const store = new AppStore();
  const app = store.open("demo.service");
  expect(store.open("demo.service")).toBe(app);
  expect(store.get("demo.service")).toBe(app);
  store.remove("demo.service");
  expect(store.get("demo.service")).toBeUndefined();
  expect(store.open("demo.service")).not.toBe(app);
});
