import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./harness/eventually";
import { printFigures } from "./harness/figures";
import { useLyingProxy, type Lie } from "./harness/lying-proxy";
import { useCluster, type ClusterNode, type TestCluster } from "./harness/use-cluster";
import { useRegistry } from "./harness/use-registry";
import { addrs, follow, useSdk } from "./harness/use-sdk";

// First: its clients cancel at the end of a test, and that needs the registry.
const sdk = useSdk();
const startCluster = useCluster();
const startRegistry = useRegistry();
const startProxy = useLyingProxy();

const APP = "demo.service";
// Clients renew every second, and try again within 5 s. Generous: machines are busy.
const SOON_MS = 30_000;
const HOUR_MS = 3_600_000;

jest.setTimeout(120_000);

const env = { DISCOVERYD_LEASE_TTL: "4s" };

const startThree = () => startCluster({ zones: ["zone01", "zone01", "zone01"], env });

/** A client that has registered an instance of the app under each of these host names. */
async function registered(nodes: string, ...hostnames: string[]) {
  const client = sdk.client({ nodes: nodes.split(",") });
  await Promise.all(hostnames.map((hostname) => client.register({ appid: APP, addrs, hostname })));
  return client;
}

/** Resolves once all these nodes hold these instances of the app. */
function allHold(nodes: readonly ClusterNode[], ...hostnames: string[]): Promise<void> {
  return eventually(async () => {
    for (const node of nodes) expect(await node.hostnames(APP)).toEqual(hostnames);
  }, SOON_MS);
}

test("a registry that is killed and started again has everybody back, and its clients saw nobody go", async () => {
  const node = await startRegistry(env);
  const client = await registered(node.addr, "a", "b", "c");
  const app = await follow(client, APP);
  await node.process.end("SIGKILL");
  expect(app.shown()).toEqual(["a", "b", "c"]);
  await node.start();
  await allHold([node], "a", "b", "c");
  await registered(node.addr, "d");
  await eventually(() => expect(app.shown()).toEqual(["a", "b", "c", "d"]), SOON_MS);
  expect(app.wasEmptied()).toBe(false);
});

test("a client whose node dies in the middle of its poll hears of what happens at another", async () => {
  const cluster = await startThree();
  const app = await follow(await registered(cluster.addrs, "a"), APP);
  const { polled, others } = await whoIsPolled(cluster);
  await polled.process.end("SIGKILL");
  await registered(others.map(({ addr }) => addr).join(","), "b");
  await eventually(() => expect(app.shown()).toEqual(["a", "b"]), SOON_MS);
  await allHold(others, "a", "b");
});

/** The node at which the one client polls. */
async function whoIsPolled({ nodes }: TestCluster) {
  return eventually(async () => {
    const waiting = await Promise.all(nodes.map((node) => node.metric("discoveryd_waiting_polls")));
    const at = waiting.findIndex((polls) => polls > 0);
    expect(at).not.toBe(-1);
    return { polled: nodes[at] as ClusterNode, others: nodes.filter((_node, i) => i !== at) };
  }, SOON_MS);
}

test("with all nodes down the last instances stay in use, and all goes on when the nodes are back", async () => {
  const { nodes, addrs: all } = await startThree();
  const app = await follow(await registered(all, "a", "b"), APP);
  await eventually(() => expect(app.shown()).toEqual(["a", "b"]), SOON_MS);
  await Promise.all(nodes.map((node) => node.process.end("SIGKILL")));
  await sleep(1_000);
  expect(app.shown()).toEqual(["a", "b"]);
  await Promise.all(nodes.map((node) => node.start()));
  await allHold(nodes, "a", "b");
  await registered(all, "c");
  await eventually(() => expect(app.shown()).toEqual(["a", "b", "c"]), SOON_MS);
  expect(app.wasEmptied()).toBe(false);
});

const lies: Readonly<Record<string, Lie>> = {
  garbage: (response) => response.end("garbage"),
  "half a JSON": (response) => response.end('{"code":0,"message":"0","ttl":1,"data":{"demo.service":{"inst'),
  "an HTTP 502 page": (response) => response.writeHead(502).end("<html><h1>502 Bad Gateway</h1></html>"),
  "an empty answer": (response) => response.end(),
  "nothing, and the connection breaks": (response) => response.destroy(),
};
// A wait of at most 200 ms that doubles up to 5 s, anywhere between 0 and that.
const WINDOW_MS = 2_000;
const MOST_POLLS = 30;

test("polls answered with garbage, half a JSON, a proxy's page or nothing are few, harm nothing, and end with the lie", async () => {
  // Clients of another zone are told of no node but that which they know: the proxy.
  const node = await startRegistry(env, "elsewhere");
  await registered(node.addr, "a");
  const followed = await Promise.all(Object.entries(lies).map((each) => followThroughProxy(node, ...each)));
  for (const { lie, proxy } of followed) {
    proxy.lie = lie;
    proxy.polls = 0;
    proxy.cut();
  }
  await sleep(WINDOW_MS);
  const counts = Object.fromEntries(followed.map(({ name, proxy }) => [name, proxy.polls]));
  printFigures(`polls in ${WINDOW_MS / 1_000} s, by what they are answered`, counts);
  for (const [name, polls] of Object.entries(counts)) {
    expect([name, polls <= MOST_POLLS, polls]).toEqual([name, true, polls]);
  }
  await eventually(() => {
    for (const { name, proxy } of followed) expect([name, proxy.polls >= 2]).toEqual([name, true]);
  }, SOON_MS);
  for (const { app } of followed) expect(app.shown()).toEqual(["a"]);
  for (const { proxy } of followed) proxy.lie = undefined;
  await registered(node.addr, "b");
  await eventually(() => {
    for (const { app, proxy } of followed) {
      app.refresh();
      expect([app.shown(), proxy.hanging]).toEqual([["a", "b"], 1]);
    }
  }, SOON_MS);
});

/** A client that follows the app through a proxy of its own, and polls. */
async function followThroughProxy(node: ClusterNode, name: string, lie: Lie) {
  const proxy = await startProxy(node.port);
  const app = await follow(sdk.client({ nodes: [proxy.addr] }), APP);
  await eventually(() => expect(proxy.polls).toBeGreaterThan(0), SOON_MS);
  return { name, lie, proxy, app };
}

test("a clock that jumps by an hour, forwards or back, stops neither renewals nor polls", async () => {
  const node = await startRegistry(env);
  const ahead = sdk.process("ahead", APP, node.addr, HOUR_MS);
  const behind = sdk.process("behind", APP, node.addr, -HOUR_MS);
  const jumping = [ahead, behind];
  await allHold([node], "ahead", "behind");
  await sees(jumping, "ahead,behind");
  for (const running of jumping) running.kill("SIGUSR2");
  expect(await clockOf(ahead)).toBeGreaterThan(Date.now() + 0.9 * HOUR_MS);
  expect(await clockOf(behind)).toBeLessThan(Date.now() - 0.9 * HOUR_MS);
  await renewed(node, 2);
  await registered(node.addr, "c");
  await sees(jumping, "ahead,behind,c");
  expect(await node.metric("discoveryd_evictions_total")).toBe(0);
});

/** What its clock showed after the jump. */
function clockOf(running: { output: string }): Promise<number> {
  return eventually(() => {
    const [, shown] = /^clock: (.*)$/m.exec(running.output) ?? [];
    expect(shown).toBeDefined();
    return Date.parse(shown as string);
  }, SOON_MS);
}

async function sees(processes: readonly { output: string }[], hostnames: string): Promise<void> {
  await eventually(() => {
    for (const { output } of processes) expect(output).toContain(`sees: ${hostnames}\n`);
  }, SOON_MS);
}

/** Resolves when every instance of the app has been renewed so many times from now on. */
async function renewed(node: ClusterNode, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const before = await renewals(node);
    await eventually(async () => {
      const now = await renewals(node);
      for (const [hostname, at] of before) expect([hostname, now.get(hostname)]).not.toEqual([hostname, at]);
    }, SOON_MS);
  }
}

/** When each instance of the app was renewed, by host name. */
async function renewals(node: ClusterNode): Promise<ReadonlyMap<string, string>> {
  const { text } = await node.get("fetch", { env: "dev", appid: APP, status: 3 });
  return new Map(
    [...text.matchAll(/"hostname":"([^"]*)".*?"renew_timestamp":(\d+)/g)].map((match) => [
      match[1] as string,
      match[2] as string,
    ]),
  );
}

test("a client watches a thousand apps by a few polls, and another renews them by few requests", async () => {
  const node = await startRegistry(env);
  const appids = Array.from({ length: 1_000 }, (_, i) => `app-${i}.service`);
  const owner = sdk.client({ nodes: [node.addr], host: "a" });
  await Promise.all(appids.map((appid) => owner.register({ appid, addrs })));
  const watcher = sdk.client({ nodes: [node.addr] });
  const apps = await Promise.all(appids.map((appid) => follow(watcher, appid)));
  expect(apps.filter((app) => app.shown().join() !== "a")).toEqual([]);
  // Of the watcher ten groups of a hundred apps and the registry's own nodes, of the others those alone.
  await eventually(
    async () => expect(await node.metric("discoveryd_waiting_polls")).toBeLessThanOrEqual(12),
    SOON_MS,
  );
  const other = sdk.client({ nodes: [node.addr], host: "b" });
  for (const at of [0, 99, 100, 500, 999]) {
    await other.register({ appid: appids[at] as string, addrs });
    await eventually(() => expect(apps[at]?.shown()).toEqual(["a", "b"]), SOON_MS);
  }
  await eventually(async () => expect(await requests(node, "renews")).toBeGreaterThanOrEqual(2), SOON_MS);
  expect(await requests(node, "renew")).toBe(0);
  expect(await node.metric("discoveryd_evictions_total")).toBe(0);
  expect(await node.metric("discoveryd_instances")).toBe(1_006);
});

/** How many requests of a route were answered with 0. */
async function requests(node: ClusterNode, route: string): Promise<number> {
  const sum = (filter: string) => node.metric(`discoveryd_requests_total\\{${filter}\\}`);
  return sum(`route="${route}",code="0"`).catch(() => 0);
}

test("a process that cancels is gone at once, one that is killed when its lease ends", async () => {
  const node = await startRegistry(env);
  const polite = sdk.process("polite", APP, node.addr);
  const killed = sdk.process("killed", APP, node.addr);
  const app = await follow(sdk.client({ nodes: [node.addr] }), APP);
  await eventually(() => expect(app.shown()).toEqual(["killed", "polite"]), SOON_MS);

  await polite.end("SIGTERM");
  await eventually(() => expect(app.shown()).toEqual(["killed"]), SOON_MS);
  expect(await node.metric("discoveryd_evictions_total")).toBe(0);

  await killed.end("SIGKILL");
  expect(app.shown()).toEqual(["killed"]);
  await eventually(() => expect(app.shown()).toEqual([]), SOON_MS);
  expect(await node.metric("discoveryd_evictions_total")).toBe(1);
});
