import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import type { InstancesInfo } from "../naming";
import { NodeList } from "../nodes/node-list";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";
import { FakeApi } from "../testing/fake-api";
import { settle } from "../testing/until";
import { AppStore } from "./app-store";
import type { SnapshotFile } from "./snapshot-file";
import { Watcher } from "./watcher";

const info = infoOf([instanceWith()], { lastTs: 5n });
const newer = infoOf([instanceWith({ hostname: "host-2" })], { lastTs: 9n });

let clock: FakeClock;
let api: FakeApi;
let nodes: NodeList;
let snapshot: Map<string, InstancesInfo>;
let watcher: Watcher;

beforeEach(() => {
  clock = new FakeClock();
  api = new FakeApi(clock);
  const random = seededRandom(1);
  nodes = new NodeList({ seeds: ["n1", "n2"], random });
  snapshot = new Map();
  const file: Pick<SnapshotFile, "load" | "save"> = {
    load: () => Promise.resolve(new Map(snapshot)),
    save: (appid, state) => void snapshot.set(appid, state),
  };
  const store = new AppStore({ clock });
  watcher = new Watcher({ api, nodes, store, env: "dev", clock, random, snapshot: file });
});

afterEach(async () => {
  watcher.close();
  watcher.close();
  await settle();
  expect(clock.pending).toBe(0);
  expect(api.calls.every((call) => call.isOver())).toBe(true);
});

function appids(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `app-${i}`);
}

/** Lets time pass until something holds. */
async function pass(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !condition(); i++) await clock.advance(100);
  expect(condition()).toBe(true);
}

/** Watches an app whose first state is known, and polled for. */
async function watchKnown(appid = "demo") {
  const watch = watcher.watch(appid);
  await settle();
  api.last("fetchs").answer({ [appid]: info });
  await settle();
  return watch;
}

test("the first state comes by a request of its own", async () => {
  const { app } = watcher.watch("demo");
  await settle();
  expect(api.calls.map(({ name }) => name)).toEqual(["fetchs"]);
  api.last("fetchs").answer({ demo: info });
  await settle();
  expect(app.info).toBe(info);
  expect(api.last("polls").asked).toEqual(new Map([["demo", 5n]]));
});

test("the first state of another app does not wait for the poll that hangs, which is then replaced", async () => {
  await watchKnown();
  const hanging = api.last("polls");
  const { app } = watcher.watch("other");
  await settle();
  expect(hanging.isOver()).toBe(false);
  api.last("fetchs").answer({ other: newer });
  await settle();
  expect(app.info).toBe(newer);
  expect(hanging.isOver()).toBe(true);
  expect(api.last("polls").asked).toEqual(
    new Map([
      ["demo", 5n],
      ["other", 9n],
    ]),
  );
});

test("apps built in one turn are asked for in one request", async () => {
  for (const appid of appids(50)) watcher.watch(appid);
  await settle();
  expect(api.calls).toHaveLength(1);
  expect(api.calls[0]?.asked.size).toBe(50);
});

test("1,000 apps are asked for and polled in groups of at most 100", async () => {
  api.onCall = (call) => {
    if (call.name === "fetchs")
      call.answer(Object.fromEntries([...call.asked.keys()].map((appid) => [appid, info])));
  };
  for (const appid of appids(1_000)) watcher.watch(appid);
  await settle();
  const hanging = api.named("polls").filter((call) => !call.isOver());
  expect(api.named("fetchs")).toHaveLength(10);
  expect(hanging.map(({ asked }) => asked.size)).toEqual(Array(10).fill(100));
  expect(new Set(hanging.flatMap(({ asked }) => [...asked.keys()])).size).toBe(1_000);
});

test("an app that does not exist is an empty one", async () => {
  const { app } = watcher.watch("demo");
  await settle();
  api.last("fetchs").answer({});
  await settle();
  expect(app.info).toEqual({ instances: new Map(), lastTs: 0n });
});

test("a first state that fails is asked for at the next node, until one answers", async () => {
  api.onCall = (call) => call.fail();
  const { app } = watcher.watch("demo");
  await settle();
  await clock.advance(20_000);
  expect(new Set(api.named("fetchs").map(({ node }) => node))).toEqual(new Set(["n1", "n2"]));
  expect(app.info).toBeUndefined();
  api.onCall = (call) => (call.name === "fetchs" ? call.answer({ demo: info }) : undefined);
  await clock.advance(5_000);
  expect(app.info).toBe(info);
});

test("a first state that the poll brings is asked for no more", async () => {
  const { app } = watcher.watch("demo");
  await settle();
  api.last("fetchs").fail();
  await settle();
  api.last("polls").answer({ demo: info });
  await settle();
  await clock.advance(10_000);
  expect(app.info).toBe(info);
  expect(api.named("fetchs")).toHaveLength(1);
});

test("an app whose first state cannot be read is left to the polls", async () => {
  const { app } = watcher.watch("demo");
  await settle();
  api.last("fetchs").answer({}, ["demo"]);
  await settle();
  expect(app.info).toBeUndefined();
  api.last("polls").answer({ demo: info });
  await settle();
  expect(app.info).toBe(info);
});

test("two that watch one app share it, and the last to close ends it", async () => {
  const first = await watchKnown();
  const second = watcher.watch("demo");
  await watchKnown("other");
  expect(second.app).toBe(first.app);
  expect(api.named("fetchs")).toHaveLength(2);
  first.close();
  first.close();
  api.last("polls").answer({ other: newer });
  await settle();
  expect(api.last("polls").asked.has("demo")).toBe(true);
  second.close();
  api.last("polls").answer({ other: { ...newer, lastTs: 11n } });
  await settle();
  expect([...api.last("polls").asked.keys()]).toEqual(["other"]);
});

test("when nobody watches anything there is no poll", async () => {
  const watch = await watchKnown();
  watch.close();
  await settle();
  expect(api.last("polls").isOver()).toBe(true);
});

test("an app closed before it was asked for is not asked for", async () => {
  watcher.watch("demo").close();
  await settle();
  expect(api.calls).toEqual([]);
});

test("an app closed and watched again within a turn is asked for once", async () => {
  watcher.watch("demo").close();
  watcher.watch("demo");
  await settle();
  expect(api.calls.map(({ asked }) => [...asked.keys()])).toEqual([["demo"]]);
});

test("a refresh asks now, once a second at most", async () => {
  const watch = await watchKnown();
  await clock.advance(1_000);
  for (let i = 0; i < 10; i++) watch.refresh();
  await settle();
  expect(api.named("fetchs")).toHaveLength(2);
  api.last("fetchs").answer({ demo: newer });
  await settle();
  expect(hostnamesOf(watch.app.info)).toEqual(["host-2"]);
  await clock.advance(1_000);
  watch.refresh();
  await settle();
  expect(api.named("fetchs")).toHaveLength(3);
});

test("a refresh that is answered ends the wait of the polls that failed", async () => {
  const watch = await watchKnown();
  api.onCall = (call) => call.name === "polls" && call.fail();
  api.last("polls").fail();
  await clock.advance(60_000);
  // Until the wait is one of seconds.
  await pass(() => clock.monotonic() - api.last("polls").at >= 1_000);
  api.onCall = () => undefined;
  const failed = api.named("polls").length;
  watch.refresh();
  await settle();
  expect(api.named("polls")).toHaveLength(failed);
  api.last("fetchs").answer({ demo: info });
  await settle();
  expect(api.last("polls").at).toBe(clock.monotonic());
});

test("however many requests are answered while polls fail, a second passes between two polls", async () => {
  const watches = appids(50).map((appid) => watcher.watch(appid));
  api.onCall = (call) => (call.name === "polls" ? call.fail() : call.answer({ "app-0": info }));
  await settle();
  await clock.advance(60_000);
  const before = api.named("polls").length;
  for (let i = 0; i < 600; i++) {
    watches[i % 50]?.refresh();
    await clock.advance(100);
  }
  expect(api.named("polls").length - before).toBeLessThanOrEqual(61 + 12);
});

test("a refresh does not put back what a poll has replaced meanwhile", async () => {
  const watch = await watchKnown();
  await clock.advance(1_000);
  watch.refresh();
  await settle();
  api.last("polls").answer({ demo: newer });
  await settle();
  api.last("fetchs").answer({ demo: info });
  await settle();
  expect(watch.app.info).toBe(newer);
});

test("after the close a refresh asks nothing, and an answer on its way is dropped", async () => {
  const watch = await watchKnown();
  await clock.advance(1_000);
  watch.refresh();
  await settle();
  api.last("fetchs").answer({ demo: newer });
  watcher.close();
  await settle();
  watch.refresh();
  expect(watch.app.info).toBe(info);
  expect(api.named("fetchs")).toHaveLength(2);
});

test("what becomes known is saved", async () => {
  await watchKnown();
  expect(snapshot.get("demo")).toBe(info);
});

test("the snapshot is used once every node has failed", async () => {
  snapshot.set("demo", info);
  const { app } = watcher.watch("demo");
  await settle();
  api.last("fetchs").fail();
  await settle();
  expect(app.info).toBeUndefined();
  api.onCall = (call) => call.fail();
  api.last("polls").fail();
  await settle();
  await clock.advance(1_000);
  expect(app.info).toBe(info);
});

test("the snapshot is used when nothing answers for 3 s", async () => {
  snapshot.set("demo", info);
  const { app } = watcher.watch("demo");
  await settle();
  await clock.advance(2_999);
  expect(app.info).toBeUndefined();
  await clock.advance(1);
  await settle();
  expect(app.info).toBe(info);
});

test("the snapshot does not replace what a node told, and needs not have everything", async () => {
  snapshot.set("demo", newer);
  const { app } = watcher.watch("demo");
  const other = watcher.watch("other");
  await settle();
  api.last("fetchs").fail();
  await settle();
  api.last("polls").answer({ demo: info });
  await settle();
  await clock.advance(3_000);
  await settle();
  expect(app.info).toBe(info);
  expect(other.app.info).toEqual({ instances: new Map(), lastTs: 0n });
});

test("a registry that answers again adds to what the snapshot had", async () => {
  snapshot.set("demo", info);
  const { app } = watcher.watch("demo");
  await settle();
  api.onCall = (call) => call.fail();
  api.last("fetchs").fail();
  await settle();
  await clock.advance(10_000);
  expect(app.info).toBe(info);
  api.onCall = (call) => call.answer({ demo: newer });
  await clock.advance(5_000);
  expect(hostnamesOf(app.info)).toEqual(["host-2", "host-1"]);
});
