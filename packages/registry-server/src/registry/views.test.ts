import { nextOnGrid, type Instance, type Scheduler } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { App } from "./app";
import { StoredInstance } from "./stored-instance";
import type { View } from "./views";

const all: View = { zone: undefined, status: 3, shape: "zones" };

function appWith(...instances: Partial<Instance>[]): App {
  const app = new App("dev", "provider");
  for (const instance of instances) app.add(new StoredInstance(instanceWith(instance), 0));
  app.changed(1_795_342_003_214_000_000n);
  return app;
}

function shown(app: App, view: Partial<View>, now = 0): unknown {
  return JSON.parse(app.read({ ...all, ...view }, now).info.toString());
}

/** Zone to host names. */
function hostnames(app: App, view: Partial<View>): Record<string, string[]> {
  const { instances } = shown(app, view) as { instances: Record<string, { hostname: string }[]> };
  return Object.fromEntries(
    Object.entries(instances).map(([zone, list]) => [zone, list.map(({ hostname }) => hostname)]),
  );
}

test("an app is shown with all fields of its instances in the wire's order", () => {
  const metadata = new Map([["weight", "10"]]);
  expect(appWith({ metadata }).read(all, 0).info.toString()).toBe(
    '{"instances":{"sh001":[{"region":"sh","zone":"sh001","env":"dev","appid":"provider","hostname":"h1",' +
      '"addrs":["grpc://127.0.0.1:9000"],"version":"1","metadata":{"weight":"10"},"status":1,' +
      '"reg_timestamp":1000,"up_timestamp":2000,"renew_timestamp":3000,"dirty_timestamp":4000,' +
      '"latest_timestamp":5000}]},"latest_timestamp":1795342003214000000}',
  );
});

test.each([
  [1, { a: ["up"], b: [] }],
  [2, { a: ["waiting"], b: ["waiting"] }],
  [3, { a: ["up", "waiting"], b: ["waiting"] }],
  [4, { a: [], b: [] }],
  [7, { a: ["up", "waiting"], b: ["waiting"] }],
])("status %d shows %j: a zone whose instances are all filtered out is empty", (status, expected) => {
  const app = appWith(
    { zone: "a", hostname: "up", status: 1 },
    { zone: "a", hostname: "waiting", status: 2 },
    { zone: "b", hostname: "waiting", status: 2 },
  );
  expect(hostnames(app, { status })).toEqual(expected);
});

test("a view of one zone shows no other", () => {
  const app = appWith({ zone: "a" }, { zone: "b" });
  expect(hostnames(app, { zone: "b" })).toEqual({ b: ["h1"] });
  expect(hostnames(app, { zone: "c" })).toEqual({});
});

test("an app without instances is no zone at all", () => {
  expect(shown(appWith(), {})).toEqual({ instances: {}, latest_timestamp: 1_795_342_003_214_000_000 });
});

test("the flat shape has one list beside the map, and the timestamp in seconds", () => {
  const app = appWith({ zone: "a", hostname: "h1" }, { zone: "b", hostname: "h2" }, { zone: "c", status: 2 });
  const zones = shown(app, { status: 1 }) as { instances: Record<string, unknown[]> };
  expect(shown(app, { status: 1, shape: "flat" })).toEqual({
    instances: [...(zones.instances["a"] ?? []), ...(zones.instances["b"] ?? [])],
    zone_instances: zones.instances,
    latest_timestamp: 1_795_342_003_214_000_000,
    latest_timestamp_str: "1795342003",
  });
});

test.each(["zones", "flat"] as const)("the scheduler is shown where there is one (%s)", (shape) => {
  const scheduler: Scheduler = { clients: new Map([["a", { zones: new Map([["b", { weight: 3 }]]) }]]) };
  const app = appWith({});
  expect(shown(app, { shape })).not.toHaveProperty("scheduler");
  app.scheduler = scheduler;
  app.changed(0n);
  expect(shown(app, { shape })).toMatchObject({
    scheduler: { clients: { a: { zones: { b: { weight: 3 } } } } },
  });
});

test("a version of an app is encoded once, whoever reads it", () => {
  const app = appWith({});
  expect(app.read(all, 0)).toBe(app.read({ ...all }, 100_000));
  expect(app.read({ ...all, status: 7 }, 0)).toBe(app.read(all, 0));
});

test("a change is seen by the next reader", () => {
  const app = appWith({});
  const before = app.read(all, 0);
  app.add(new StoredInstance(instanceWith({ hostname: "h2" }), 0));
  app.changed(nextOnGrid(app.latestTimestamp));
  expect(app.read(all, 0)).not.toBe(before);
  expect(hostnames(app, {})).toEqual({ sh001: ["h1", "h2"] });
});

test("a heartbeat is seen by the next reader", () => {
  const app = appWith({});
  const stored = app.find({ zone: "sh001", hostname: "h1" })!;
  app.read(all, 0);
  stored.renew(7_000n, 0);
  app.renewed();
  expect(app.read(all, 0).info.toString()).toContain('"renew_timestamp":7000');
});

test("a reader who does not mind gets an encoding that shows older heartbeats, as old as it says", () => {
  const app = appWith({});
  const before = app.read(all, 0);
  app.renewed();
  expect(app.read(all, 999, 1_000)).toBe(before);
  expect(app.read(all, 1_000, 1_000)).not.toBe(before);
});

test("views of zones that the app has not are not kept, however many are asked for", () => {
  const app = appWith({});
  for (let i = 0; i < 100; i++) app.read({ ...all, zone: `made-up-${i}` }, 0);
  app.read({ ...all, zone: "sh001" }, 0);
  expect(app["views"]["encoded"].size).toBe(1);
});
