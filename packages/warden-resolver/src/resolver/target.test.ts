import { parseTarget } from "./target";

test("an app comes from its own zone, up to 50 instances, as grpc-js does the rest", () => {
  expect(parseTarget("discovery://default/demo.service")).toEqual({
    scheme: "discovery",
    name: "demo.service",
    build: { filter: { scheme: "grpc" }, scheduleNode: true, subset: 50 },
  });
});

test("the query sets zone, clusters, subset and balancer", () => {
  const text = "discovery://default/demo.service?zone=sh002&cluster=red&cluster=blue&subset=7&balancer=wrr";
  expect(parseTarget(text)).toEqual({
    scheme: "discovery",
    name: "demo.service",
    build: { filter: { scheme: "grpc", clusters: ["red", "blue"] }, scheduleNode: "sh002", subset: 7 },
    balancer: "wrr",
  });
});

test("a query key without a value counts as left out", () => {
  expect(parseTarget("discovery://default/demo.service?zone=&cluster=&cluster=&subset=&balancer=")).toEqual(
    parseTarget("discovery://default/demo.service"),
  );
});

test("subset=0 asks for all instances", () => {
  expect(parseTarget("discovery://default/demo.service?subset=0").build).not.toHaveProperty("subset");
});

test("the authority may be empty, and other schemes follow the same form", () => {
  expect(parseTarget("etcd:///demo.service")).toMatchObject({ scheme: "etcd", name: "demo.service" });
});

test("direct addresses are all meant: neither a zone nor a subset applies unless it is given", () => {
  expect(parseTarget("direct://default/127.0.0.1:9000,[::1]:9001,localhost:9002")).toEqual({
    scheme: "direct",
    name: "127.0.0.1:9000,[::1]:9001,localhost:9002",
    build: { filter: { scheme: "grpc" } },
  });
  expect(parseTarget("direct://default/127.0.0.1:9000?subset=1&balancer=p2c")).toMatchObject({
    build: { subset: 1 },
    balancer: "p2c",
  });
});

test.each([
  ["discovery://default", "there is nothing after the authority"],
  ["discovery://default/", "the app is empty"],
  ["discovery://default/?subset=5", "the app is empty"],
  ["discovery:demo.service", "there is nothing after the authority"],
  ["demo.service", "it has no scheme"],
  ["", "it has no scheme"],
  ["discovery://10.0.0.1:7171/demo.service", 'the authority is not "default"'],
  ["discovery://default/demo/service", 'the app "demo/service" has a space, "/" or "#" in it'],
  ["discovery://default/demo.service?subset=-1", 'subset "-1" is not a whole number from 0 up'],
  ["discovery://default/demo.service?subset=ten", 'subset "ten" is not a whole number from 0 up'],
  ["discovery://default/demo.service?subset=1&subset=2", "subset is given twice"],
  ["discovery://default/demo.service?balancer=rr", 'balancer "rr" is neither p2c nor wrr'],
  [
    "discovery://default/demo.service?size=1",
    'the query key "size" is none of zone, cluster, subset, balancer',
  ],
])("%s is refused, quoted, with the right form", (text, reason) => {
  const scheme = /^\w+(?=:)/.exec(text)?.[0] ?? "discovery";
  expect(() => parseTarget(text)).toThrow(
    `target ${JSON.stringify(text)} is not valid: ${reason}. Write it as ${scheme}://default/<appid>?zone=`,
  );
});

test.each([
  "direct://default/127.0.0.1",
  "direct://default/127.0.0.1:9000,",
  "direct://default/::1:9000",
  "direct://default/127.0.0.1:0",
  "direct://default/127.0.0.1:65536",
])("%s is refused with the form of direct targets", (text) => {
  expect(() => parseTarget(text)).toThrow(
    /^target ".*" is not valid: ".*" is not an address.*Write it as direct:\/\/default\/<ip:port>,<ip:port>$/,
  );
});
