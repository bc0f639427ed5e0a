import { instanceAt } from "../testing/memory-naming";
import type { Instance } from "@discoveryd/naming-sdk";
import { sameEndpoints, toEndpoints } from "./endpoints";

function read(...instances: Instance[]) {
  return toEndpoints({ instances: new Map([["zone01", instances]]), lastTs: 1n });
}

test("an instance is one endpoint: its grpc address, weight and color", () => {
  const metadata = new Map([
    ["weight", "30"],
    ["color", "red"],
  ]);
  const addrs = ["http://10.0.0.5:8000", "grpc://10.0.0.5:9000"];
  expect(read(instanceAt("10.0.0.5:9000", { addrs, metadata }))).toEqual({
    endpoints: [
      { addresses: [{ host: "10.0.0.5", port: 9000 }], key: "10.0.0.5:9000", weight: 30, color: "red" },
    ],
    skipped: [],
  });
});

test.each([
  ["grpc://[::1]:9000", "::1", "[::1]:9000"],
  ["grpc://demo.local:9000/?timeout=1s", "demo.local", "demo.local:9000"],
])("%s is understood", (addr, host, key) => {
  const { endpoints } = read(instanceAt("x", { addrs: [addr] }));
  expect(endpoints).toMatchObject([{ addresses: [{ host, port: 9000 }], key }]);
});

test.each([undefined, "", "0", "-5", "heavy", "NaN", "Infinity"])("a weight of %j is 10", (weight) => {
  const metadata = new Map(weight === undefined ? [] : [["weight", weight]]);
  expect(read(instanceAt("10.0.0.5:9000", { metadata })).endpoints[0]?.weight).toBe(10);
});

test("a fraction is a weight: zone schedules make them", () => {
  const metadata = new Map([["weight", "2.5"]]);
  expect(read(instanceAt("10.0.0.5:9000", { metadata })).endpoints[0]?.weight).toBe(2.5);
});

test.each([
  [["http://10.0.0.5:8000"], 'it has no grpc:// address, only ["http://10.0.0.5:8000"]'],
  [["grpc://10.0.0.5"], 'its address "grpc://10.0.0.5" is not grpc://host:port'],
  [["grpc://10.0.0.5:0"], 'its address "grpc://10.0.0.5:0" is not grpc://host:port'],
  [["grpc://10.0.0.5:65536"], 'its address "grpc://10.0.0.5:65536" is not grpc://host:port'],
  [["grpc://::1:9000"], 'its address "grpc://::1:9000" is not grpc://host:port'],
])("an instance at %j is skipped with the reason", (addrs, reason) => {
  expect(read(instanceAt("x", { addrs, hostname: "host-1" }))).toEqual({
    endpoints: [],
    skipped: [{ hostname: "host-1", reason }],
  });
});

test("an instance that waits takes no calls", () => {
  expect(read(instanceAt("10.0.0.5:9000", { status: 2 })).skipped[0]?.reason).toBe(
    "its status is not 1 (up)",
  );
});

test("two instances at one address are one endpoint", () => {
  const { endpoints, skipped } = read(
    instanceAt("10.0.0.5:9000"),
    instanceAt("10.0.0.5:9000", { hostname: "b" }),
  );
  expect(endpoints).toHaveLength(1);
  expect(skipped).toEqual([{ hostname: "b", reason: "another instance has the address 10.0.0.5:9000" }]);
});

test("the order is that of the addresses, whatever the order of zones and instances", () => {
  const [a, b, c] = ["10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"].map((address) => instanceAt(address)) as [
    Instance,
    Instance,
    Instance,
  ];
  const zones = new Map([
    ["z2", [c]],
    ["z1", [b, a]],
  ]);
  expect(toEndpoints({ instances: zones, lastTs: 1n }).endpoints).toEqual(read(a, b, c).endpoints);
});

test("lists are the same when a balancer would see no difference", () => {
  const one = instanceAt("10.0.0.5:9000");
  const list = read(one).endpoints;
  expect(sameEndpoints(list, read({ ...one, hostname: "other", lastTs: 2n }).endpoints)).toBe(true);
  expect(sameEndpoints(list, [])).toBe(false);
  expect(sameEndpoints(list, read(instanceAt("10.0.0.6:9000")).endpoints)).toBe(false);
  for (const key of ["weight", "color"]) {
    const metadata = new Map([[key, "7"]]);
    expect(sameEndpoints(list, read({ ...one, metadata }).endpoints)).toBe(false);
  }
});
