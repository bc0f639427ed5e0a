import { timestampFromMs, type Metadata } from "@discoveryd/protocol";
import type { Change, Registry } from "./registry";
import { key, registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";

const start = useRegistry();

function set(registry: Registry, changes: readonly Change[], timestamp?: bigint) {
  return registry.set({ ...key, changes, timestamp });
}

test("a set of status moves dirty and latest of the instance, and the app's timestamp", async () => {
  const { registry, clock, now, latest, changes } = start();
  registry.register(registering());
  await clock.advance(1_000);
  expect(set(registry, [{ hostname: "h1", status: 2 }])).toBe("set");
  expect(registry.find(key)!.instance).toMatchObject({
    status: 2,
    dirtyTimestamp: now(),
    latestTimestamp: now(),
    upTimestamp: now() - timestampFromMs(1_000),
  });
  expect(latest()).toBe(now());
  expect(changes).toHaveLength(2);
});

test("a set of status 1 on one that waits is the moment it comes up", async () => {
  const { registry, clock, now } = start();
  registry.register(registering({ status: 2 }));
  await clock.advance(1_000);
  set(registry, [{ hostname: "h1", status: 1 }]);
  expect(registry.find(key)!.instance.upTimestamp).toBe(now());
});

test("a set of status 1 on one that is up is no new coming up", async () => {
  const { registry, clock, now } = start();
  const cameUp = now();
  registry.register(registering());
  await clock.advance(1_000);
  set(registry, [{ hostname: "h1", status: 1 }]);
  expect(registry.find(key)!.instance.upTimestamp).toBe(cameUp);
});

test("a set of metadata is merged over what is there, in order of key", () => {
  const { registry } = start();
  registry.register(registering({ metadata: new Map([["b", "1"], ["d", "1"]]) })); // prettier-ignore
  const metadata: Metadata = new Map([["c", "2"], ["b", "2"], ["a", "2"]]); // prettier-ignore
  set(registry, [{ hostname: "h1", metadata }]);
  expect([...registry.find(key)!.instance.metadata]).toEqual([
    ["a", "2"],
    ["b", "2"],
    ["c", "2"],
    ["d", "1"],
  ]);
});

test("a set renews no lease, and keeps the last heartbeat", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  await clock.advance(10_000);
  registry.renew(key);
  const { renewTimestamp } = registry.find(key)!;
  await clock.advance(10_000);
  set(registry, [{ hostname: "h1", status: 2 }]);
  expect(registry.find(key)).toMatchObject({ renewedAt: 10_000, renewTimestamp });
});

test("one unknown host name, and nothing is changed", () => {
  const { registry, changes } = start();
  registry.register(registering());
  const before = registry.find(key)!.instance;
  expect(set(registry, [{ hostname: "h1", status: 2 }, { hostname: "h2" }])).toBe("missing");
  expect(registry.find(key)!.instance).toBe(before);
  expect(changes).toHaveLength(1);
});

test("a set of an unknown app finds nothing", () => {
  const { registry } = start();
  expect(set(registry, [{ hostname: "h1", status: 2 }])).toBe("missing");
});

test("several instances are set at once, and told once", () => {
  const { registry, changes } = start();
  for (const hostname of ["h1", "h2", "h3"]) registry.register(registering({ hostname }));
  set(registry, [
    { hostname: "h1", status: 2 },
    { hostname: "h3", metadata: new Map([["weight", "20"]]) },
  ]);
  expect(changes).toHaveLength(4);
  expect(registry.find({ ...key, hostname: "h1" })!.instance.status).toBe(2);
  expect(registry.find({ ...key, hostname: "h2" })!.instance.status).toBe(1);
  expect(registry.find({ ...key, hostname: "h3" })!.instance.metadata.get("weight")).toBe("20");
});

test.each([undefined, 1_795_342_004_000_000_716n])(
  "a host name named twice takes both changes, the later over the earlier (set_timestamp %s)",
  (timestamp) => {
    const { registry } = start();
    registry.register(registering());
    const first = { hostname: "h1", status: 2 as const, metadata: new Map([["w", "2"], ["x", "2"]]) }; // prettier-ignore
    const second = { hostname: "h1", metadata: new Map([["w", "3"]]) };
    expect(set(registry, [first, second], timestamp)).toBe("set");
    const { status, metadata } = registry.find(key)!.instance;
    expect(status).toBe(2);
    expect(Object.fromEntries(metadata)).toEqual({ w: "3", weight: "10", x: "2" });
  },
);

test("a given time is kept to the digit in the instance, and rounded up in the app", () => {
  const { registry, now, latest } = start();
  registry.register(registering());
  const at = now() + 1_716n;
  set(registry, [{ hostname: "h1", status: 2 }], at);
  expect(registry.find(key)!.instance).toMatchObject({ dirtyTimestamp: at, latestTimestamp: at });
  expect(latest()).toBe(now() + 2_000n);
});

test("a set older than what is stored changes nothing and wakes nobody", () => {
  const { registry, now, changes } = start();
  registry.register(registering());
  expect(set(registry, [{ hostname: "h1", status: 2 }], now() - 1n)).toBe("set");
  expect(registry.find(key)!.instance.status).toBe(1);
  expect(changes).toHaveLength(1);
});

test("of several instances, an old set changes those that are older still", () => {
  const { registry } = start();
  registry.register(registering({ dirtyTimestamp: 1_000n }));
  registry.register(registering({ hostname: "h2", dirtyTimestamp: 9_000n }));
  set(registry, [{ hostname: "h1", status: 2 }, { hostname: "h2", status: 2 }], 5_000n); // prettier-ignore
  expect(registry.find(key)!.instance.status).toBe(2);
  expect(registry.find({ ...key, hostname: "h2" })!.instance.status).toBe(1);
});

test("a set of infra.discovery finds the node in whatever env it is asked for", () => {
  const { registry } = start();
  registry.register(registering({ appid: "infra.discovery" }));
  const setting = { ...key, appid: "infra.discovery", env: "prod" };
  expect(registry.set({ ...setting, changes: [{ hostname: "h1", status: 2 }] })).toBe("set");
});
