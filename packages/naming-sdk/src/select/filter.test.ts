import { filter, hasInstances } from "./filter";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";

const info = infoOf([
  instanceWith({
    hostname: "both",
    addrs: ["http://h:1", "grpc://h:2"],
    metadata: new Map([["cluster", "a"]]),
  }),
  instanceWith({ hostname: "http", addrs: ["http://h:1"], metadata: new Map([["cluster", "a"]]) }),
  instanceWith({ hostname: "plain", zone: "zone02" }),
  instanceWith({ hostname: "b", zone: "zone02", metadata: new Map([["cluster", "b"]]) }),
]);

test.each([
  ["a scheme", { scheme: "grpc" }, ["both", "plain", "b"]],
  ["no clusters", { scheme: "grpc", clusters: [] }, ["both", "plain", "b"]],
  ["a cluster", { scheme: "grpc", clusters: ["a"] }, ["both"]],
  ["two clusters", { scheme: "grpc", clusters: ["a", "b"] }, ["both", "b"]],
  ["a scheme that begins another", { scheme: "grp" }, []],
])("filters by %s", (_what, wanted, hostnames) => {
  expect(hostnamesOf(filter(info, wanted))).toEqual(hostnames);
});

test("a zone without an instance left is not there", () => {
  expect([...filter(info, { scheme: "http" }).instances.keys()]).toEqual(["zone01"]);
});

test("what others see does not change", () => {
  filter(info, { scheme: "http" });
  expect(hostnamesOf(info)).toEqual(["both", "http", "plain", "b"]);
});

test("an app whose zones are all empty has no instances", () => {
  expect(hasInstances(infoOf([], { instances: new Map([["zone01", []]]) }))).toBe(false);
  expect(hasInstances(info)).toBe(true);
});
