import { timestampFromMs } from "@discoveryd/protocol";
import { key, registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";

const start = useRegistry();

test("a renew of an unknown instance asks the client to register again", () => {
  const { registry } = start();
  registry.register(registering({ hostname: "h2" }));
  expect(registry.renew(key)).toEqual({ kind: "missing" });
  expect(registry.renew({ ...key, appid: "other" })).toEqual({ kind: "missing" });
});

test("a renew moves the lease and the moment of the last heartbeat, and nothing else", async () => {
  const { registry, clock, now, changes } = start();
  registry.register(registering());
  const before = registry.find(key)!.instance;
  await clock.advance(30_000);
  expect(registry.renew(key).kind).toBe("renewed");
  const stored = registry.find(key)!;
  expect(stored.renewedAt).toBe(30_000);
  expect(stored.renewTimestamp).toBe(now());
  expect(stored.instance).toEqual(before);
  expect(changes).toHaveLength(1);
});

test("renewals that came together share one moment; those of unknown instances are counted", async () => {
  const { registry, clock, now } = start();
  registry.register(registering());
  registry.register(registering({ hostname: "h2" }));
  await clock.advance(30_000);
  const stored = registry.renewAll([{ ...key, hostname: "h2" }, { ...key, hostname: "h3" }, key]);
  expect(stored.map((one) => one?.instance.hostname)).toEqual(["h2", undefined, "h1"]);
  for (const one of [stored[0], stored[2]]) {
    expect(one).toMatchObject({ renewedAt: 30_000, renewTimestamp: now() });
  }
  expect(registry.unknownRenewals).toBe(1);
  expect(registry.judge().renewals).toBe(2);
});

test.each([
  [1_999n, "conflict"],
  [2_000n, "renewed"],
  [2_001n, "behind"],
])("a replicated renew of version %d, where 2000 is stored, is: %s", (dirty, kind) => {
  const { registry } = start();
  registry.register(registering({ dirtyTimestamp: 2_000n }));
  expect(registry.renewReplicated(key, dirty)).toMatchObject({ kind, instance: registry.find(key) });
});

test("a replicated renew of an unknown instance finds nothing", () => {
  const { registry } = start();
  expect(registry.renewReplicated(key, 1n)).toEqual({ kind: "missing" });
});

test("timestamps are on the microsecond grid and strictly grow, however many come at once", () => {
  const { registry } = start();
  registry.register(registering());
  const seen = Array.from({ length: 2_000 }, () => {
    registry.renew(key);
    return registry.find(key)!.renewTimestamp;
  });
  for (const [i, timestamp] of seen.entries()) {
    expect(timestamp % 1_000n).toBe(0n);
    if (i > 0) expect(timestamp).toBeGreaterThan(seen[i - 1] as bigint);
  }
});

test("timestamps grow while the machine's clock is set back", () => {
  const { registry, clock, latest } = start();
  registry.register(registering());
  const before = latest();
  clock.jump(-3_600_000);
  registry.register(registering({ version: "2" }));
  expect(latest()).toBeGreaterThan(before);
  expect(latest()).toBeLessThan(before + timestampFromMs(1));
});
