import { hostname } from "node:os";
import { originOf, resolveConfig, type ConfigSources, type DiscoveryConfig } from "./config";

const nowhere = { env: {}, argv: [] };

test("what nothing says has a default", () => {
  const { processId, ...config } = resolveConfig({ nodes: ["10.0.0.1:7171"] }, nowhere);
  expect(processId).toBe(process.pid);
  expect(config).toEqual({
    nodes: ["http://10.0.0.1:7171"],
    region: "region01",
    zone: "zone01",
    env: "dev",
    host: hostname(),
    cancelOnSignals: false,
    renewIntervalMs: 30_000,
  });
});

test("the environment says what the argument and the flags leave out", () => {
  const env = {
    DISCOVERY_NODES: "10.0.0.1:7171, 10.0.0.2:7171,",
    REGION: "sh",
    ZONE: "sh001",
    DEPLOY_ENV: "prod",
    HOSTNAME: "host-1",
  };
  expect(resolveConfig(undefined, { env, argv: [] })).toMatchObject({
    nodes: ["http://10.0.0.1:7171", "http://10.0.0.2:7171"],
    region: "sh",
    zone: "sh001",
    env: "prod",
    host: "host-1",
  });
});

test.each([
  ["one dash", ["-discovery.nodes=10.0.0.9:1", "-region=r", "-zone=z", "-deploy.env=e"]],
  ["two dashes", ["--discovery.nodes=10.0.0.9:1", "--region=r", "--zone=z", "--deploy.env=e"]],
  ["a space", ["-discovery.nodes", "10.0.0.9:1", "-region", "r", "-zone", "z", "-deploy.env", "e"]],
])("flags beat the environment, written with %s", (_form, argv) => {
  const env = { DISCOVERY_NODES: "10.0.0.1:7171", REGION: "x", ZONE: "x", DEPLOY_ENV: "x" };
  expect(resolveConfig({}, { env, argv })).toMatchObject({
    nodes: ["http://10.0.0.9:1"],
    region: "r",
    zone: "z",
    env: "e",
  });
});

test("a flag without a value says nothing", () => {
  const sources = { env: { DISCOVERY_NODES: "10.0.0.1:7171" }, argv: ["-zone", "-region=r", "-deploy.env"] };
  expect(resolveConfig({}, sources)).toMatchObject({ zone: "zone01", region: "r", env: "dev" });
});

test("the argument beats flags and environment", () => {
  const config = { nodes: ["10.0.0.3:7171"], region: "a", zone: "b", env: "c", host: "d" };
  const sources = { env: { DISCOVERY_NODES: "10.0.0.1:7171", HOSTNAME: "x" }, argv: ["-zone=x"] };
  expect(resolveConfig(config, sources)).toMatchObject({ ...config, nodes: ["http://10.0.0.3:7171"] });
});

test("the snapshot file and the wish to cancel on signals are taken as given", () => {
  const config = { nodes: ["10.0.0.1:7171"], snapshotFile: "apps.json", cancelOnSignals: true };
  expect(resolveConfig(config, nowhere)).toMatchObject({ snapshotFile: "apps.json", cancelOnSignals: true });
});

test.each<[string, DiscoveryConfig, ConfigSources]>([
  ["the argument", { renewIntervalMs: 5_000 }, { env: { DISCOVERY_RENEW_INTERVAL: "7s" }, argv: [] }],
  ["the flag", {}, { env: { DISCOVERY_RENEW_INTERVAL: "7s" }, argv: ["-discovery.renew-interval=5s"] }],
  ["the environment", {}, { env: { DISCOVERY_RENEW_INTERVAL: "5s" }, argv: [] }],
])("%s says how often to renew", (_source, config, sources) => {
  expect(resolveConfig({ nodes: ["10.0.0.1:7171"], ...config }, sources).renewIntervalMs).toBe(5_000);
});

test.each([
  [999, "renewIntervalMs: 999 is not between 1000 and 300000 ms"],
  [300_001, "renewIntervalMs: 300001 is not between 1000 and 300000 ms"],
  [0, "renewIntervalMs: 0 is not between 1000 and 300000 ms"],
  [NaN, "renewIntervalMs: duration NaN is not valid: use milliseconds as a number, or text"],
])("renewing every %p ms is refused, with what is allowed", (renewIntervalMs, message) => {
  expect(() => resolveConfig({ nodes: ["10.0.0.1:7171"], renewIntervalMs }, nowhere)).toThrow(message);
});

test("without nodes the error shows the configuration and what to set", () => {
  expect(() => resolveConfig({ host: "host-1" }, nowhere)).toThrow(
    "invalid discovery config nodes:[] region:region01 zone:zone01 deployEnv:dev host:host-1: set DISCOVERY_NODES",
  );
});

test("a node that is no address is named in the error", () => {
  expect(() => resolveConfig({ nodes: ["10.0.0.1:7171", "10.0.0.2:port"] }, nowhere)).toThrow(
    /nodes:\[10\.0\.0\.1:7171 10\.0\.0\.2:port\].*node "10\.0\.0\.2:port" is not host:port/,
  );
});

test("nodes that are no list are an error that shows how to write them", () => {
  const nodes = "10.0.0.1:7171" as unknown as string[];
  expect(() => resolveConfig({ nodes }, nowhere)).toThrow(
    'invalid discovery config: nodes = "10.0.0.1:7171" is not a list of texts, write nodes: ["host:port"]',
  );
});

test.each([
  ["10.0.0.1:7171", "http://10.0.0.1:7171"],
  ["http://registry.example:7171/", "http://registry.example:7171"],
  ["https://registry.example", "https://registry.example"],
  ["[::1]:7171", "http://[::1]:7171"],
  ["grpc://10.0.0.1:7171", undefined],
  ["http://10.0.0.1:7171/discovery", undefined],
  ["user@10.0.0.1:7171", undefined],
  ["10.0.0.1:99999", undefined],
  ["10.0.0.1", undefined],
  ["[::1]", undefined],
])("the origin of %s is %s", (node, origin) => {
  expect(originOf(node)).toBe(origin);
});
