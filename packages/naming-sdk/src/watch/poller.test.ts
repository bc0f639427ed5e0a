import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import { NodeList } from "../nodes/node-list";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";
import { FakeApi } from "../testing/fake-api";
import { settle } from "../testing/until";
import { AppStore } from "./app-store";
import { Poller } from "./poller";

let clock: FakeClock;
let api: FakeApi;
let nodes: NodeList;
let store: AppStore;
let poller: Poller;
/** What `onRecovered` was called with. */
let recoveries: number[];

beforeEach(() => {
  clock = new FakeClock();
  api = new FakeApi(clock);
  const random = seededRandom(1);
  nodes = new NodeList({ seeds: ["n1", "n2", "n3"], random });
  store = new AppStore({ clock });
  recoveries = [];
  const onRecovered = (putOffMs: number) => recoveries.push(putOffMs);
  poller = new Poller({ api, nodes, store, env: "dev", clock, random, onRecovered });
});

afterEach(async () => {
  poller.close();
  await settle();
  expect(clock.pending).toBe(0);
  expect(api.calls.every((call) => call.isOver())).toBe(true);
});

/** The app with instances of these names. */
function appOf(lastTs: bigint, ...hostnames: string[]) {
  return infoOf(
    hostnames.map((hostname) => instanceWith({ hostname })),
    { lastTs },
  );
}

async function watch(...appids: string[]): Promise<void> {
  for (const appid of appids) store.open(appid);
  poller.add(new Map(appids.map((appid) => [appid, undefined])));
  await settle();
}

function shown(appid = "demo"): string[] {
  return hostnamesOf(store.get(appid)?.info);
}

test("the first poll asks from the beginning, the next from what the node told", async () => {
  await watch("demo", "other");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  expect(shown()).toEqual(["host-1"]);
  expect([...api.last("polls").asked]).toEqual([
    ["demo", 5n],
    ["other", 0n],
  ]);
});

test("-304 polls again at once at the same node", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  await clock.advance(30_000);
  api.last("polls").unchanged();
  await settle();
  expect(api.last("polls")).toMatchObject({ node: "n1", at: 30_000, asked: new Map([["demo", 5n]]) });
});

test("a failed poll goes on at the next node, from the beginning, after a wait", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  api.last("polls").fail();
  await settle();
  expect(api.calls).toHaveLength(2);
  await clock.advance(200);
  expect(api.last("polls")).toMatchObject({ node: "n2", asked: new Map([["demo", 0n]]) });
  expect(shown()).toEqual(["host-1"]);
});

test("a node that was left by somebody else is left after the poll, from the beginning", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  nodes.advance();
  await clock.advance(30_000);
  api.last("polls").unchanged();
  await settle();
  expect(api.last("polls")).toMatchObject({ node: "n2", asked: new Map([["demo", 0n]]) });
});

test("another node's older state is taken: its timestamps are its own", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(9n, "host-1") });
  await settle();
  api.last("polls").fail();
  await settle();
  await clock.advance(200);
  api.last("polls").answer({ demo: appOf(7n, "host-2") });
  await settle();
  expect(shown()).toEqual(["host-2"]);
});

test("a node that answers with something older than it told before is left", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(9n, "host-1") });
  await settle();
  api.last("polls").answer({ demo: appOf(9n, "host-1") });
  await settle();
  await clock.advance(200);
  expect(api.last("polls").node).toBe("n2");
});

test("apps nobody asked for are not taken", async () => {
  await watch("demo");
  store.open("stranger");
  api.last("polls").answer({ demo: appOf(5n, "host-1"), stranger: appOf(5n, "x") });
  await settle();
  expect(shown("stranger")).toEqual([]);
});

test("an app that lost all instances is empty, at once", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  api.last("polls").answer({ demo: appOf(6n) });
  await settle();
  expect(shown()).toEqual([]);
  expect(store.get("demo")?.info?.lastTs).toBe(6n);
});

test("adding apps replaces the hanging poll, with what a node has told of them", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  store.open("other");
  poller.add(new Map([["other", { node: "n1", lastTs: 8n }]]));
  await settle();
  expect(api.calls.at(-2)?.isOver()).toBe(true);
  expect([...api.last("polls").asked]).toEqual([
    ["demo", 5n],
    ["other", 8n],
  ]);
  expect(nodes.failure).toBeUndefined();
});

test("an answer that comes just as the poll is replaced is asked for again", async () => {
  await watch("demo");
  const { answer } = api.last("polls");
  answer({ demo: appOf(5n, "host-1") });
  poller.add(new Map());
  await settle();
  expect(api.last("polls").asked.get("demo")).toBe(0n);
});

test("a removed app is asked for no more", async () => {
  await watch("demo", "other");
  poller.remove("other");
  api.last("polls").answer({ demo: appOf(5n, "host-1"), other: appOf(5n, "x") });
  await settle();
  expect([...api.last("polls").asked.keys()]).toEqual(["demo"]);
  expect(poller.size).toBe(1);
  expect(poller.has("other")).toBe(false);
});

test("an app a good node does not tell of is missing once the poll is over", async () => {
  await watch("demo", "other");
  expect(store.get("other")?.info).toBeUndefined();
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  expect(store.get("other")?.info).toEqual({ instances: new Map(), lastTs: 0n });
});

test("an app that cannot be read is not missing", async () => {
  await watch("demo", "other");
  api.last("polls").answer({ demo: appOf(5n, "host-1") }, ["other"]);
  await settle();
  expect(store.get("other")?.info).toBeUndefined();
});

test("an empty answer proves nothing of an app", async () => {
  await watch("demo");
  api.last("polls").answer({});
  await settle();
  expect(store.get("demo")?.info).toBeUndefined();
});

test("-304 at once proves nothing of an app, and is followed by a wait", async () => {
  await watch("demo");
  api.last("polls").unchanged();
  await settle();
  expect(store.get("demo")?.info).toBeUndefined();
  expect(api.calls).toHaveLength(1);
  await clock.advance(200);
  expect(api.last("polls").node).toBe("n1");
});

test("a registry that comes back without the app does not take its instances away", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  api.onCall = (call) => call.fail();
  api.last("polls").fail();
  await settle();
  await clock.advance(60_000);
  api.onCall = () => undefined;
  await clock.advance(5_000);
  for (let round = 0; round < 3; round++) {
    await clock.advance(30_000);
    api.last("polls").unchanged();
    await settle();
  }
  expect(shown()).toEqual(["host-1"]);
  api.last("polls").answer({ demo: appOf(50n, "host-1", "host-2") });
  await settle();
  expect(shown()).toEqual(["host-1", "host-2"]);
});

test("an app that two nodes have not known for two minutes is given up", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  nodes.advance();
  const asked: string[] = [];
  for (let round = 0; round < 7; round++) {
    await clock.advance(30_000);
    asked.push(`${api.last("polls").node} ${shown().join()}`);
    api.last("polls").unchanged();
    await settle();
  }
  // The first round ends the poll at n1; n2 raises the doubt after the second.
  expect(asked).toEqual([
    "n1 host-1",
    "n2 host-1",
    "n2 host-1",
    "n2 host-1",
    "n2 host-1",
    "n2 host-1",
    "n3 host-1",
  ]);
  expect(shown()).toEqual([]);
});

test("after an outage instances that are not back within 35 s have left", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1", "host-2") });
  await settle();
  api.onCall = (call) => call.fail();
  api.last("polls").fail();
  await settle();
  await clock.advance(60_000);
  api.onCall = () => undefined;
  await clock.advance(5_000);
  api.last("polls").answer({ demo: appOf(50n, "host-1") });
  await settle();
  for (let round = 0; round < 2; round++) {
    expect(shown()).toEqual(["host-1", "host-2"]);
    await clock.advance(30_000);
    api.last("polls").unchanged();
    await settle();
  }
  expect(shown()).toEqual(["host-1"]);
});

test("the first good answer after a failure is told of, once, with how long its poll was put off", async () => {
  await watch("demo");
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  expect(recoveries).toEqual([]);
  api.last("polls").fail();
  await settle();
  const [failedAt, polls] = [clock.monotonic(), api.calls.length];
  while (api.calls.length === polls) await clock.advance(1);
  const putOffMs = clock.monotonic() - failedAt;
  api.last("polls").answer({ demo: appOf(5n, "host-1") });
  await settle();
  await clock.advance(30_000);
  api.last("polls").unchanged();
  await settle();
  expect(putOffMs).toBeGreaterThan(0);
  expect(recoveries).toHaveLength(1);
  expect(Math.abs((recoveries[0] as number) - putOffMs)).toBeLessThanOrEqual(1);
});

test.each<[string, Parameters<typeof lieIn>[0]]>([
  ["fails", (call) => call.fail()],
  ["answers -304", (call) => call.unchanged()],
  ["answers without an app", (call) => call.answer({})],
  ["answers with the same app again", (call) => call.answer({ demo: appOf(5n, "host-1") })],
  ["answers with other apps", (call) => call.answer({ stranger: appOf(5n, "host-1") })],
  ["answers with what cannot be read", (call) => call.answer({}, ["demo"])],
  ["answers with a timestamp of 0", (call) => call.answer({ demo: appOf(0n, "host-1") })],
])("a registry that %s at once is asked less than once a second", async (_what, lie) => {
  expect(await lieIn(lie)).toBeLessThan(120);
});

test("a registry that answers at once with something new each time is asked ten times a second at most", async () => {
  let lastTs = 1n;
  expect(await lieIn((call) => call.answer({ demo: appOf(lastTs++, "host-1") }))).toBeLessThanOrEqual(1_220);
});

/** How often a registry that lies so is asked in two minutes. */
async function lieIn(lie: (call: FakeApi["calls"][number]) => void): Promise<number> {
  api.onCall = lie;
  await watch("demo");
  await clock.advance(120_000);
  return api.calls.length;
}
