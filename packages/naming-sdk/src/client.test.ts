import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Discovery } from "./client";
import type { DiscoveryConfig } from "./config";
import type { InstancesInfo } from "./naming";
import { hostnamesOf } from "./testing/builders";
import { answer, type FakeRegistry } from "./testing/fake-registry";
import { useClosing, useRegistries } from "./testing/fixtures";
import { until } from "./testing/until";

const closing = useClosing();
const registries = useRegistries();
const demo = { appid: "demo.service", addrs: ["grpc://127.0.0.1:9000"] };

let registry: FakeRegistry;

beforeEach(async () => {
  registry = await registries.start();
  registry.put("infra.discovery", "node-1", { addrs: [registry.origin] });
});

// A fiftieth of the longest waits: how long they are is tested with the parts.
const random = () => 0.02;

function discovery(config: DiscoveryConfig = {}): Discovery {
  return closing(new Discovery({ nodes: [registry.address], host: "host-1", ...config }, { random }));
}

/** Keeps the latest state that a resolver shows. */
async function follow(client: Discovery, appid = "demo.service") {
  const resolver = client.build(appid);
  let latest: InstancesInfo | undefined;
  resolver.onChange((info) => (latest = info));
  await resolver.ready();
  return { resolver, shown: () => hostnamesOf(latest) };
}

test("the constructor opens nothing, and says what is missing without nodes", async () => {
  expect(() => new Discovery({ nodes: [], host: "host-1" })).toThrow(
    /^invalid discovery config nodes:\[\] region:\S+ zone:\S+ deployEnv:\S+ host:host-1: set DISCOVERY_NODES/,
  );
  discovery();
  expect(registry.requests).toEqual([]);
});

test("what one client registers another one finds, and loses when it is cancelled", async () => {
  const { resolver, shown } = await follow(discovery());
  expect(resolver.status()).toEqual({ kind: "missing" });
  const registration = await discovery({ host: "host-2" }).register({ ...demo, metadata: { weight: "5" } });
  await until(() => shown().join() === "host-2");
  expect(resolver.status()).toEqual({ kind: "found" });
  await registration.cancel();
  await until(() => shown().length === 0);
});

test("an update reaches who watches", async () => {
  const { resolver, shown } = await follow(discovery());
  const registration = await discovery().register(demo);
  await until(() => shown().length === 1);
  await registration.update({ metadata: { color: "red" } });
  await until(() => resolver.fetch()?.instances.get("zone01")?.[0]?.metadata.get("color") === "red");
});

test("what one client has registered is renewed in one request", async () => {
  const client = discovery({ renewIntervalMs: 1_000 });
  for (const hostname of ["a", "b", "c"]) await client.register({ ...demo, hostname });
  await until(() => registry.asked("renews").length > 0);
  const keys = JSON.parse(registry.asked("renews")[0]?.body ?? "") as { hostname: string }[];
  expect(keys.map(({ hostname }) => hostname)).toEqual(["a", "b", "c"]);
  expect(registry.asked("renew")).toEqual([]);
});

test("at a registry of the original each is renewed by a request of its own", async () => {
  registry.lie = ({ path }, response) =>
    path === "/discovery/renews" && Boolean(response.writeHead(404).end("404 page not found"));
  const client = discovery({ renewIntervalMs: 1_000 });
  for (const hostname of ["a", "b"]) await client.register({ ...demo, hostname });
  await until(() => registry.asked("renew").length >= 4);
  expect(registry.asked("renews")).toHaveLength(1);
});

test("closing cancels what was registered", async () => {
  const client = discovery();
  await client.register(demo);
  await client.register({ ...demo, hostname: "host-1-b" });
  await client.close();
  expect(registry.hostnames("demo.service")).toEqual([]);
});

test("a closed client takes no more, and closes twice", async () => {
  const client = discovery();
  const resolver = client.build("demo.service");
  await client.close();
  await client[Symbol.asyncDispose]();
  await expect(client.register(demo)).rejects.toThrow("register demo.service: the client is closed");
  expect(() => client.build("demo.service")).toThrow("build demo.service: the client is closed");
  await expect(resolver.ready()).rejects.toThrow("closed before the first answer");
});

test("a client in use keeps the process alive, a closed one does not", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const client = discovery();
  expect(timers()).toBe(before);
  client.build("demo.service");
  expect(timers()).toBe(before + 1);
  await client.close();
  expect(timers()).toBe(before);
});

test("a second app is ready while the first poll hangs", async () => {
  const client = discovery();
  await client.build("demo.service").ready();
  await until(() => registry.hanging === 1);
  registry.put("other.service", "host-9");
  const begun = performance.now();
  expect(hostnamesOf(await client.build("other.service").ready())).toEqual(["host-9"]);
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test("an app that does not exist is an error where it is required", async () => {
  const client = discovery();
  await expect(client.build("demo.service", { required: true }).ready()).rejects.toThrow(
    `app demo.service in env dev, zone zone01, at ${registry.origin}: the app does not exist`,
  );
  await expect(client.build("demo.service").ready()).resolves.toMatchObject({ lastTs: 0n });
});

test("build options choose among the instances", async () => {
  for (let i = 0; i < 5; i++) registry.put("demo.service", `own-${i}`);
  registry.put("demo.service", "web", { addrs: ["http://127.0.0.1:8000"] });
  registry.put("demo.service", "far", { zone: "zone02" });
  const client = discovery();
  const options = { filter: { scheme: "grpc" }, scheduleNode: true, subset: 2 } as const;
  const hostnames = hostnamesOf(await client.build("demo.service", options).ready());
  expect(hostnames).toHaveLength(2);
  expect(hostnames.every((hostname) => hostname.startsWith("own-"))).toBe(true);
  expect(hostnamesOf(await client.build("demo.service").ready())).toHaveLength(7);
  expect(() => client.build("demo.service", { subset: 0 })).toThrow("build option subset");
  expect(() => client.build("")).toThrow("build: appid is empty");
});

test("the registry's own nodes replace the seeds", async () => {
  const other = await registries.start();
  other.put("infra.discovery", "node-2", { addrs: [other.origin] });
  registry.put("infra.discovery", "node-1", { addrs: [other.origin, "grpc://127.0.0.1:1"] });
  registry.put("infra.discovery", "node-3", { addrs: ["http://127.0.0.1:1"], zone: "zone02" });
  const client = discovery();
  await client.build("demo.service").ready();
  await until(() => other.asked("polls").length > 0);
  expect(client.build("demo.service").describe()).toContain(other.origin);
});

test("while no node answers the last instances stay in use, and the status says who was asked", async () => {
  registry.put("demo.service", "host-1");
  const { resolver, shown } = await follow(discovery());
  await registry.stop();
  await until(() => resolver.status().kind === "unreachable");
  expect(resolver.status()).toMatchObject({ nodes: [registry.origin] });
  expect(hostnamesOf(resolver.fetch())).toEqual(["host-1"]);
  await registry.start();
  registry.put("demo.service", "host-2");
  await until(() => shown().length === 2);
  expect(resolver.status()).toEqual({ kind: "found" });
});

test("a registry that was never reached is named in the status, and found when it comes", async () => {
  await registry.stop();
  const client = discovery();
  const resolver = client.build("demo.service");
  expect(resolver.status()).toEqual({ kind: "waiting" });
  await until(() => resolver.status().kind === "unreachable");
  await registry.start();
  registry.put("demo.service", "host-1");
  await expect(resolver.ready()).resolves.toMatchObject({
    instances: expect.any(Map) as Map<string, unknown>,
  });
});

test("a registry that comes back having lost everything knows the instances again within seconds", async () => {
  const { shown } = await follow(discovery());
  const client = discovery({ host: "host-2" });
  await client.register(demo);
  await until(() => shown().join() === "host-2" && registry.hanging === 2);
  await registry.stop();
  registry.forget();
  registry.put("infra.discovery", "node-1", { addrs: [registry.origin] });
  await registry.start();
  await until(() => registry.hostnames("demo.service").join() === "host-2");
  expect(shown()).toEqual(["host-2"]);
});

test("a node that dies in the middle of a poll is replaced by another", async () => {
  const other = await registries.start();
  other.put("demo.service", "host-1");
  other.put("demo.service", "host-2");
  registry.put("demo.service", "host-1");
  registry.remove("infra.discovery", "node-1");
  const { shown } = await follow(discovery({ nodes: [registry.address, other.address] }));
  await until(() => registry.hanging === 1);
  await registry.stop();
  await until(() => shown().length === 2);
});

test.each<[string, FakeRegistry["lie"]]>([
  ["garbage", (_request, response) => Boolean(response.end("garbage"))],
  ["half a JSON", (_request, response) => Boolean(response.end('{"code":0,"data":{"demo.service":{"inst'))],
  ["an HTTP 502 page", (_request, response) => Boolean(response.writeHead(502).end("<h1>Bad Gateway</h1>"))],
  ["an HTTP 204", (_request, response) => Boolean(response.writeHead(204).end())],
  ["a connection that breaks", (_request, response) => Boolean(response.destroy())],
  ["-500", (_request, response) => (answer(response, -500), true)],
  ["no apps", (_request, response) => (answer(response, 0, "{}"), true)],
  ["-304 at once", (_request, response) => (answer(response, -304), true)],
])("polls answered with %s harm nothing and are few; then all goes on", async (_what, lie) => {
  registry.put("demo.service", "host-1");
  const { resolver, shown } = await follow(discovery());
  await until(() => registry.hanging === 1);
  const before = registry.requests.length;
  registry.lie = (request, response) => request.path === "/discovery/polls" && lie(request, response);
  registry.expirePolls();
  await until(() => registry.requests.length >= before + 4);
  expect(hostnamesOf(resolver.fetch())).toEqual(["host-1"]);
  registry.lie = () => false;
  registry.put("demo.service", "host-2");
  await until(() => shown().length === 2);
  expect(registry.requests.length).toBeLessThan(before + 40);
});

test("a snapshot serves a start without a registry", async () => {
  const folder = mkdtempSync(join(tmpdir(), "discovery-"));
  const snapshotFile = join(folder, "apps.json");
  registry.put("demo.service", "host-1");
  const before = discovery({ snapshotFile });
  await before.build("demo.service").ready();
  await before.close();
  await registry.stop();
  const after = discovery({ snapshotFile });
  expect(hostnamesOf(await after.build("demo.service").ready())).toEqual(["host-1"]);
  await after.close();
  rmSync(folder, { recursive: true });
});

test("signals are left alone unless the application asks", async () => {
  const listeners = () => process.listenerCount("SIGTERM");
  const before = listeners();
  await discovery().build("demo.service").ready();
  expect(listeners()).toBe(before);
  const client = discovery({ cancelOnSignals: true });
  await client.build("demo.service").ready();
  expect(listeners()).toBe(before + 1);
  await client.close();
  expect(listeners()).toBe(before);
});
