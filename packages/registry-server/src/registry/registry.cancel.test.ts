import { timestampFromMs } from "@discoveryd/protocol";
import { key, registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";

const start = useRegistry();

test("a cancel removes the instance, and tells consumers", async () => {
  const { registry, clock, latest, changes, now } = start();
  registry.register(registering());
  await clock.advance(1_000);
  expect(registry.cancel(key)).toEqual({ kind: "cancelled", at: now() });
  expect(registry.find(key)).toBeUndefined();
  expect(latest()).toBe(now());
  expect(changes).toHaveLength(2);
});

test("a cancel of an unknown instance, app or env finds nothing", () => {
  const { registry, changes } = start();
  registry.register(registering());
  for (const other of [{ hostname: "h2" }, { zone: "sh002" }, { appid: "other" }, { env: "prod" }]) {
    expect(registry.cancel({ ...key, ...other })).toEqual({ kind: "missing" });
  }
  expect(changes).toHaveLength(1);
});

test("a replicated register from before the cancel is refused for 3 minutes", async () => {
  const { registry, clock, now } = start();
  registry.register(registering());
  const dirtyTimestamp = now();
  await clock.advance(1_000);
  registry.cancel(key);
  await clock.advance(179_999);
  expect(registry.register(registering({ dirtyTimestamp, replicated: true })).kind).toBe("buried");
  await clock.advance(1);
  expect(registry.register(registering({ dirtyTimestamp, replicated: true })).kind).toBe("created");
});

test("a replicated register from after the cancel is a new life", async () => {
  const { registry, now } = start();
  registry.register(registering());
  registry.cancel(key);
  const dirtyTimestamp = now() + timestampFromMs(1);
  expect(registry.register(registering({ dirtyTimestamp, replicated: true })).kind).toBe("created");
});

test("a client can register again at once after a cancel", () => {
  const { registry } = start();
  registry.register(registering());
  registry.cancel(key);
  expect(registry.register(registering()).kind).toBe("created");
});

test("a client's new life is newer than a cancel by a clock ahead of ours", () => {
  const { registry, now } = start();
  const ahead = now() + timestampFromMs(60_000);
  registry.register(registering({ dirtyTimestamp: ahead, replicated: true }));
  const cancelled = registry.cancel(key) as { at: bigint };
  registry.register(registering());
  expect(registry.find(key)!.instance.dirtyTimestamp).toBeGreaterThan(cancelled.at);
});

test("a refused register leaves nothing behind", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  registry.cancel(key);
  await clock.advance(600_000);
  registry.tidy(() => false);
  registry.cancelReplicated(key, timestampFromMs(clock.now()));
  registry.register(registering({ dirtyTimestamp: 1n, replicated: true }));
  expect(registry.apps.find(key.env, key.appid)).toBeUndefined();
});

test("a replicated cancel older than the stored version is late news of a former life", () => {
  const { registry, changes } = start();
  registry.register(registering({ dirtyTimestamp: 2_000n }));
  expect(registry.cancelReplicated(key, 1_999n)).toEqual({ kind: "stale" });
  expect(registry.find(key)).toBeDefined();
  expect(changes).toHaveLength(1);
});

test.each([2_000n, 2_001n])("a replicated cancel of %d removes a version of 2000", (at) => {
  const { registry } = start();
  registry.register(registering({ dirtyTimestamp: 2_000n }));
  expect(registry.cancelReplicated(key, at)).toEqual({ kind: "cancelled", at });
  expect(registry.find(key)).toBeUndefined();
});

test("a replicated cancel without a time is one made now", () => {
  const { registry, now, latest } = start();
  registry.register(registering({ dirtyTimestamp: 2_000n, latestTimestamp: 2_000n }));
  expect(registry.cancelReplicated(key, undefined)).toMatchObject({ kind: "cancelled" });
  expect(latest()).toBeGreaterThanOrEqual(now());
});

test("a replicated cancel without a time ends a life that a clock ahead of ours began, for good", () => {
  const { registry, now } = start();
  const dirtyTimestamp = now() + timestampFromMs(60_000);
  registry.register(registering({ dirtyTimestamp, replicated: true }));
  registry.cancelReplicated(key, undefined);
  expect(registry.register(registering({ dirtyTimestamp, replicated: true })).kind).toBe("buried");
});

test("a replicated cancel that overtakes its register keeps it out", () => {
  const { registry } = start();
  expect(registry.cancelReplicated(key, 2_000n)).toEqual({ kind: "missing" });
  expect(registry.register(registering({ dirtyTimestamp: 1_999n, replicated: true })).kind).toBe("buried");
  expect(registry.register(registering({ dirtyTimestamp: 2_000n, replicated: true })).kind).toBe("created");
});

test("a late cancel does not weaken a later one", () => {
  const { registry } = start();
  registry.cancelReplicated(key, 5_000n);
  registry.cancelReplicated(key, 3_000n);
  expect(registry.register(registering({ dirtyTimestamp: 4_000n, replicated: true })).kind).toBe("buried");
});

test("an eviction is told to consumers, and keeps nobody out", async () => {
  const { registry, clock, now, latest } = start();
  registry.register(registering({ dirtyTimestamp: 1_000n }));
  await clock.advance(90_000);
  registry.evict(registry.find(key)!);
  expect(registry.size).toBe(0);
  expect(latest()).toBe(now());
  expect(registry.register(registering({ dirtyTimestamp: 1_000n, replicated: true })).kind).toBe("created");
});

test("an instance that has gone is not evicted again, nor its successor for it", () => {
  const { registry, changes } = start();
  registry.register(registering());
  const former = registry.find(key)!;
  registry.cancel(key);
  registry.register(registering());
  registry.evict(former);
  expect(registry.size).toBe(1);
  expect(changes).toHaveLength(3);
});
