import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:net";
import { key, registering } from "../testing/builders";
import { until } from "../testing/until";
import { useNodes, type TestNode } from "../testing/use-node";
import { counters, createMetrics, gauges, labelled, peerMetrics, type Observed } from "./metrics";

const start = useNodes();

/** Name with labels to value. */
async function read(node: TestNode): Promise<Record<string, number>> {
  const { text } = await node.get("/metrics");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(" ")),
      Number(line.slice(line.lastIndexOf(" ") + 1)),
    ]),
  );
}

test("a fresh node shows itself, and zeros", async () => {
  const node = await start();
  expect(await read(node)).toMatchObject({
    discoveryd_instances: 1,
    discoveryd_tombstones: 0,
    discoveryd_waiting_polls: 0,
    discoveryd_protecting: 0,
    discoveryd_renewals_last_minute: 0,
    discoveryd_renewals_expected: 0,
    discoveryd_expired_held: 0,
    discoveryd_connections: 1,
    discoveryd_evictions_total: 0,
    discoveryd_unknown_renewals_total: 0,
    discoveryd_connections_refused_total: 0,
  });
});

test("memory, file descriptors and the event loop are shown", async () => {
  const shown = await read(await start());
  for (const name of [
    "process_resident_memory_bytes",
    "process_open_fds",
    "nodejs_eventloop_lag_p99_seconds",
  ]) {
    expect(shown[name]).toBeGreaterThanOrEqual(0);
  }
});

test("nodes of one process share what is the process' own, since that has no end", async () => {
  const observed = {} as Observed;
  const ofProcess = () => createMetrics(observed).getSingleMetric("nodejs_eventloop_lag_p99_seconds");
  const shared = ofProcess();
  expect(shared).toBeDefined();
  expect(ofProcess()).toBe(shared);
  const [first, second] = [await start(), await start()];
  await second.register();
  expect((await read(first))["discoveryd_instances"]).toBe(1);
  expect((await read(second))["discoveryd_instances"]).toBe(2);
});

test("every metric in the tables is there with its help", async () => {
  const node = await start();
  const { text } = await node.get("/metrics");
  for (const { name, help } of [...gauges, ...counters, ...Object.values(labelled), ...peerMetrics]) {
    expect(text).toContain(`# HELP ${name} ${help}\n`);
  }
});

test("instances, tombstones and waiting polls are counted", async () => {
  const node = await start();
  await node.register();
  await node.register({ hostname: "h2" });
  await node.post("/discovery/cancel", { ...key });
  await node.hang("/discovery/polls", { env: "dev", appid: "other", latest_timestamp: "0" });
  expect(await read(node)).toMatchObject({
    discoveryd_instances: 2,
    discoveryd_tombstones: 1,
    discoveryd_waiting_polls: 1,
  });
});

test("answers are counted by route and code, and a second look does not count them twice", async () => {
  const node = await start();
  await node.register();
  await node.post("/discovery/renew", {});
  for (let i = 0; i < 2; i++) {
    expect(await read(node)).toMatchObject({
      'discoveryd_requests_total{route="register",code="0"}': 1,
      'discoveryd_requests_total{route="renew",code="-400"}': 1,
    });
  }
});

test.each([
  ["the dispatcher", false],
  ["Express", true],
])("by way of %s a wrong method counts for its route, all unknown paths for one", async (_, viaExpress) => {
  const node = await start({ viaExpress });
  await node.get("/discovery/register");
  await node.post("/discovery/fetch/all");
  for (let i = 0; i < 3; i++) await node.get(`/discovery/nope-${i}`, { env: `e${i}` });
  await node.get("/nope");
  const shown = Object.entries(await read(node)).filter(([row]) =>
    row.startsWith("discoveryd_requests_total"),
  );
  expect(Object.fromEntries(shown)).toEqual({
    'discoveryd_requests_total{route="register",code="405"}': 1,
    'discoveryd_requests_total{route="fetch/all",code="405"}': 1,
    'discoveryd_requests_total{route="unknown",code="404"}': 3,
  });
});

test("evictions are counted", async () => {
  const node = await start();
  await node.register();
  await node.clock.advance(91_000);
  expect(await read(node)).toMatchObject({ discoveryd_evictions_total: 1, discoveryd_instances: 1 });
});

test("self-preservation is shown with its reason", async () => {
  const node = await start();
  for (let i = 0; i < 20; i++) node.server.registry.register(registering({ hostname: `h${i}` }));
  await node.clock.advance(299_750);
  expect(await read(node)).toMatchObject({
    discoveryd_protecting: 1,
    discoveryd_renewals_last_minute: 2,
    discoveryd_renewals_expected: 42,
    discoveryd_instances: 21,
  });
});

test("connections are counted, and those refused", async () => {
  const node = await start({ config: { maxConnections: 2 } });
  await node.get("/healthz");
  const sockets = Array.from({ length: 2 }, () =>
    connect(node.port, "127.0.0.1").on("error", () => undefined),
  );
  await until("one of them is refused", () => node.server["http"].refused === 1);
  expect(await read(node)).toMatchObject({
    discoveryd_connections: 2,
    discoveryd_connections_refused_total: 1,
  });
  for (const socket of sockets) socket.destroy();
});

test("a broken schedule is named, until it is mended", async () => {
  const schedulerDir = mkdtempSync(join(tmpdir(), "metrics-"));
  const path = join(schedulerDir, 'a"b.json');
  writeFileSync(path, "{");
  const node = await start({ config: { schedulerDir } });
  const row = 'discoveryd_broken_schedule{file="a\\"b.json"}';
  expect((await read(node))[row]).toBe(1);
  rmSync(path);
  await until("the directory was looked at", async () => {
    await node.clock.advance(1_000);
    return (await read(node))[row] === undefined;
  });
  await node.close();
  rmSync(schedulerDir, { recursive: true });
});
