import { nextOnGrid, timestampFromMs, type Metadata } from "@discoveryd/protocol";
import { key, registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";

const start = useRegistry();

test("a new instance carries the moment of its register in all its timestamps", () => {
  const { registry, now } = start();
  registry.register(registering());
  const { instance, renewTimestamp } = registry.find(key)!;
  const { regTimestamp, upTimestamp, dirtyTimestamp, latestTimestamp } = instance;
  expect(new Set([regTimestamp, upTimestamp, renewTimestamp, dirtyTimestamp, latestTimestamp])).toEqual(
    new Set([now()]),
  );
});

test("the app's timestamp is that of the register", () => {
  const { registry, latest, now } = start();
  registry.register(registering());
  expect(latest()).toBe(now());
});

test.each([
  ["addrs", { addrs: ["grpc://127.0.0.1:9001"] }],
  ["fewer addrs", { addrs: [] }],
  ["version", { version: "2" }],
  ["a metadata value", { metadata: new Map([["weight", "20"]]) }],
  ["a metadata key", { metadata: new Map([["height", "10"]]) }],
  ["fewer metadata", { metadata: new Map() as Metadata }],
  ["status", { status: 2 as const }],
])("a register that changes %s is told to consumers", async (_what, change) => {
  const { registry, clock, latest, changes } = start();
  registry.register(registering());
  const before = latest();
  await clock.advance(1_000);
  expect(registry.register(registering(change)).kind).toBe("changed");
  expect(latest()).toBeGreaterThan(before);
  expect(changes).toHaveLength(2);
});

test("a register that changes nothing a consumer sees wakes nobody, and moves no timestamp they compare", async () => {
  const { registry, clock, latest, changes } = start();
  registry.register(registering());
  const before = latest();
  const { latestTimestamp } = registry.find(key)!.instance;
  await clock.advance(1_000);
  expect(registry.register(registering()).kind).toBe("renewed");
  expect(latest()).toBe(before);
  expect(registry.find(key)!.instance.latestTimestamp).toBe(latestTimestamp);
  expect(changes).toHaveLength(1);
});

test("a register that changes nothing is a heartbeat and a new version", async () => {
  const { registry, clock, now } = start();
  registry.register(registering());
  await clock.advance(60_000);
  registry.register(registering());
  const stored = registry.find(key)!;
  expect(stored.renewedAt).toBe(60_000);
  expect(stored.renewTimestamp).toBe(now());
  expect(stored.instance.regTimestamp).toBe(now());
  expect(stored.instance.dirtyTimestamp).toBe(now());
});

test("a register over one that is up keeps the moment it came up", async () => {
  const { registry, clock, now } = start();
  const cameUp = now();
  registry.register(registering());
  await clock.advance(1_000);
  registry.register(registering({ version: "2" }));
  expect(registry.find(key)!.instance.upTimestamp).toBe(cameUp);
});

test("a register as up over one that waited moves the moment it came up", async () => {
  const { registry, clock, now } = start();
  registry.register(registering({ status: 2 }));
  await clock.advance(1_000);
  registry.register(registering());
  expect(registry.find(key)!.instance.upTimestamp).toBe(now());
});

test("a register with an older version than what is stored changes nothing, and is answered as done", () => {
  const { registry, changes } = start();
  registry.register(registering({ dirtyTimestamp: 2_000n }));
  const result = registry.register(registering({ dirtyTimestamp: 1_999n, version: "older" }));
  expect(result).toMatchObject({ kind: "stale" });
  expect(registry.find(key)!.instance.version).toBe("1");
  expect(changes).toHaveLength(1);
});

test("a client's register with an older version still renews the lease", async () => {
  const { registry, clock } = start();
  registry.register(registering({ dirtyTimestamp: 2_000n }));
  await clock.advance(5_000);
  registry.register(registering({ dirtyTimestamp: 1_000n }));
  expect(registry.find(key)!.renewedAt).toBe(5_000);
});

test("the timestamps that come with a register are kept to the digit", () => {
  const { registry } = start();
  const given = {
    regTimestamp: 1_795_342_003_214_049_716n,
    dirtyTimestamp: 1_795_342_003_214_049_717n,
    latestTimestamp: 1_795_342_003_214_049_719n,
  };
  registry.register(registering({ ...given, replicated: true }));
  expect(registry.find(key)!.instance).toMatchObject(given);
});

test("the app's timestamp is a given change's, rounded up to the microsecond", () => {
  const { registry, latest } = start();
  registry.register(registering({ latestTimestamp: 1_795_342_003_214_049_716n }));
  expect(latest()).toBe(1_795_342_003_214_050_000n);
});

test("an app's timestamp only grows, whatever the changes say", () => {
  const { registry, latest } = start();
  registry.register(registering({ latestTimestamp: 5_000n }));
  registry.register(registering({ latestTimestamp: 3_000n, version: "2" }));
  expect(latest()).toBe(6_000n);
});

test("a change from the far future does not drag the app's timestamp there", () => {
  const { registry, latest, now } = start();
  registry.register(registering({ latestTimestamp: 8_999_999_999_999_999_999n }));
  expect(latest()).toBeLessThan(now() + timestampFromMs(1_000));
});

test("an app's timestamp is never 0", () => {
  const { registry, latest } = start();
  registry.register(registering({ latestTimestamp: -1n }));
  expect(latest()).toBeGreaterThan(0n);
});

test("what a client does here is newer than what a clock ahead of ours has left", () => {
  const { registry, now } = start();
  const ahead = now() + timestampFromMs(60_000) + 716n;
  registry.register(registering({ dirtyTimestamp: ahead }));
  registry.register(registering({ version: "2" }));
  expect(registry.find(key)!.instance).toMatchObject({ version: "2", dirtyTimestamp: nextOnGrid(ahead) });
});

test("a version at the end of the range leaves room for no version beyond it", () => {
  const { registry } = start();
  const last = 2n ** 63n - 1n;
  registry.register(registering({ dirtyTimestamp: last }));
  registry.register(registering({ version: "2" }));
  expect(registry.find(key)!.instance).toMatchObject({ version: "2", dirtyTimestamp: last });
});

test("instances of one host name in different zones, apps or envs are different", () => {
  const { registry } = start();
  registry.register(registering());
  registry.register(registering({ zone: "sh002" }));
  registry.register(registering({ appid: "other" }));
  registry.register(registering({ env: "prod" }));
  expect(registry.size).toBe(4);
});

test("a node's registration in one env is found in every env", () => {
  const { registry } = start();
  registry.register(registering({ appid: "infra.discovery" }));
  for (const env of ["dev", "prod", "*", ""]) {
    expect(registry.apps.find(env, "infra.discovery")?.size).toBe(1);
  }
});
