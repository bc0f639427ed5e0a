import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Clock } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { RegistryServer } from "./server";
import { registering } from "./testing/builders";
import { until } from "./testing/until";
import { START_MS, testConfig, useNodes, type TestNode } from "./testing/use-node";

const start = useNodes();
const provider = { env: "dev", appid: "provider", status: "3" };

async function fetchCode(node: TestNode<Clock>): Promise<number | undefined> {
  return (await node.get("/discovery/fetch", provider)).code;
}

test("a node says where it is once it answers, and not before", async () => {
  const clock = new FakeClock();
  const server = new RegistryServer({ config: testConfig(), clock, burstMs: 0 });
  expect([server.port, server.addr]).toEqual([undefined, undefined]);
  await server.start();
  expect(server.addr).toBe(`127.0.0.1:${server.port}`);
  await server.close();
  expect(clock.pending).toBe(0);
});

test("the log says where and as what it is up", async () => {
  const node = await start({ config: { deployEnv: "prod" } });
  expect(node.logs).toEqual([
    expect.objectContaining({
      msg: "discoveryd is up",
      addr: `127.0.0.1:${node.port}`,
      zone: "sh001",
      env: "prod",
    }),
  ]);
});

test("a node that listens on all addresses shows itself as the one of the nodes with its port and address", async () => {
  const free = await start();
  const { port } = free;
  await free.close();
  const node = await start({
    config: { addr: `:${port}`, nodes: [`10.255.255.1:${port}`, `localhost:${port}`] },
  });
  expect(node.server.addr).toBe(`localhost:${port}`);
});

test("a node that listens on all addresses, and is none of the nodes, shows an address of the machine", async () => {
  const node = await start({ config: { addr: "0.0.0.0:0", nodes: [] } });
  expect(node.server.addr).toMatch(new RegExp(`^\\d+\\.\\d+\\.\\d+\\.\\d+:${node.port}$`));
  expect(node.server.addr).not.toMatch(/^0\.0\.0\.0/);
});

test("a node that cannot listen says why in one line, and leaves nothing behind", async () => {
  const { port } = await start();
  const clock = new FakeClock();
  const directory = mkdtempSync(join(tmpdir(), "server-"));
  const config = testConfig({
    addr: `127.0.0.1:${port}`,
    nodes: [`127.0.0.1:${port}`],
    schedulerDir: directory,
  });
  const server = new RegistryServer({ config, clock, burstMs: 0 });
  await expect(server.start()).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is in use; change it with --httpserver.addr or DISCOVERYD_HTTPSERVER_ADDR`,
  );
  expect(clock.pending).toBe(0);
  rmSync(directory, { recursive: true });
});

test("another reason not to listen is said, too", async () => {
  const clock = new FakeClock();
  const server = new RegistryServer({
    config: testConfig({ addr: "192.0.2.1:7171", nodes: [] }),
    clock,
    burstMs: 0,
  });
  await expect(server.start()).rejects.toThrow(/^cannot listen on 192\.0\.2\.1:7171: listen EADDRNOTAVAIL/);
  expect(clock.pending).toBe(0);
});

test("a node that is closed before it was started, or twice, is no trouble", async () => {
  const clock = new FakeClock();
  const server = new RegistryServer({ config: testConfig(), clock, burstMs: 0 });
  await server.close();
  await server.close();
  expect(clock.pending).toBe(0);
});

test("a node that is closed while it starts does not come up", async () => {
  const clock = new FakeClock();
  const server = new RegistryServer({ config: testConfig(), clock, burstMs: 0 });
  const starting = server.start();
  await server.close();
  await starting;
  expect([server.port, server.registry.size, clock.pending]).toEqual([undefined, 0, 0]);
});

test("an instance that stays silent is evicted within 1 s of 90 s, and its pollers are told", async () => {
  const node = await start();
  await node.register();
  const latest_timestamp = await node.latest();
  const query = { env: "dev", appid: "provider", latest_timestamp, empty: "1" };
  const { reply: ranOut } = await node.hang("/discovery/polls", query);
  await node.clock.advance(30_000);
  expect((await ranOut).code).toBe(-304);
  await node.clock.advance(59_000);
  const { reply } = await node.hang("/discovery/polls", query);
  expect(await fetchCode(node)).toBe(0);
  await node.clock.advance(2_000);
  expect((await reply).data).toMatchObject({ provider: { instances: {} } });
  expect(await fetchCode(node)).toBe(-404);
});

test("instances that all come at once and fall silent at once are protected", async () => {
  const node = await start();
  for (let i = 0; i < 20; i++) node.server.registry.register(registering({ hostname: `h${i}` }));
  await node.clock.advance(600_000);
  expect(node.server.registry.size).toBe(21);
});

test("a node keeps itself registered, however long it runs", async () => {
  const node = await start();
  await node.clock.advance(600_000);
  expect(await node.latest("infra.discovery", "any")).not.toBe("none");
  expect(node.server.registry.size).toBe(1);
});

test("schedules of the directory are shown with the app, and their changes wake pollers", async () => {
  const schedulerDir = mkdtempSync(join(tmpdir(), "server-"));
  const write = (weight: number) =>
    writeFileSync(
      join(schedulerDir, "a.json"),
      JSON.stringify({ app_id: "provider", env: "dev", clients: { a: { zones: { b: { weight } } } } }),
    );
  write(3);
  const node = await start({ config: { schedulerDir } });
  await node.register();
  const { data } = await node.get("/discovery/fetch", provider);
  expect(data).toMatchObject({ scheduler: { clients: { a: { zones: { b: { weight: 3 } } } } } });
  const query = { env: "dev", appid: "provider", latest_timestamp: await node.latest() };
  const { reply } = await node.hang("/discovery/polls", query);
  write(5);
  await node.clock.advance(1_000);
  expect((await reply).text).toContain('"scheduler":{"clients":{"a":{"zones":{"b":{"weight":5}}}}}');
  await node.close();
  rmSync(schedulerDir, { recursive: true });
});

describe("a node that is to be protected", () => {
  const config = { enableProtect: true, nodes: ["127.0.0.1:0", "127.0.0.1:1"] };
  const reads = ["fetch", "fetchs", "fetch/all", "poll", "polls", "nodes"];

  test("refuses reads for 60 s while no peer answers, and takes writes", async () => {
    const node = await start({ config });
    for (const path of reads) {
      const { status, headers, code, message } = await node.get(`/discovery/${path}`, provider);
      expect([status, headers["kratos-status-code"], code]).toEqual([200, "-503", -503]);
      expect(message).toBe("this node is starting up and has not synced from a peer yet");
    }
    const registered = node.register({ replication: "true" });
    expect((await registered).code).toBe(0);
    await node.clock.advance(59_000);
    expect(await fetchCode(node)).toBe(-503);
    await node.clock.advance(1_500);
    expect(await fetchCode(node)).toBe(0);
    expect((await node.get("/readyz")).status).toBe(200);
  });

  test("opens with the first sync from a peer, and shows what that knows", async () => {
    const first = await start({ clock: systemClock as Clock });
    await first.register();
    const second = await start({
      clock: systemClock as Clock,
      config: { enableProtect: true, host: "second", nodes: ["127.0.0.1:0", `127.0.0.1:${first.port}`] },
    });
    expect(await fetchCode(second)).toBe(0);
    expect((await second.get("/readyz")).text).toBe("ok\n");
  });

  test("is open at once when it has no peer", async () => {
    const node = await start({ config: { enableProtect: true } });
    await node.register();
    expect(await fetchCode(node)).toBe(0);
  });
});

describe("a shutdown", () => {
  test("cancels the node, answers hanging polls -304 and ends their connections", async () => {
    const node = await start();
    await node.register();
    const query = { env: "dev", appid: "provider", latest_timestamp: await node.latest() };
    const { reply } = await node.hang("/discovery/polls", query);
    await node.close();
    const { status, code, headers } = await reply;
    expect([status, code, headers["connection"]]).toEqual([200, -304, "close"]);
    expect(
      node.server.registry.find({ env: "dev", appid: "infra.discovery", zone: "sh001", hostname: "self" }),
    ).toBe(undefined);
    await expect(node.get("/healthz")).rejects.toThrow();
  });

  test("takes at most 2 s, whatever clients and peers do", async () => {
    const { address, accepted } = await useSilentServer();
    const clock = new FakeClock(START_MS);
    const config = testConfig({ nodes: ["127.0.0.1:0", address] });
    const server = new RegistryServer({ config, clock, burstMs: 0 });
    let up = false;
    const starting = server.start().then(() => (up = true));
    await until("it is up", async () => {
      await clock.advance(100);
      return up;
    });
    await starting;
    const client = connect(server.port as number, "127.0.0.1").on("error", () => undefined);
    client.write("POST /discovery/register HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    await until("a client is in the middle of a request", () => server["http"].open === 1);
    server.registry.register(registering());
    expect(accepted()).toBeGreaterThan(0);
    const begun = clock.monotonic();
    let closed = false;
    const closing = server.close().then(() => (closed = true));
    await until("it is closed", async () => {
      await clock.advance(10);
      return closed;
    });
    await closing;
    expect(clock.monotonic() - begun).toBeLessThanOrEqual(2_000);
    expect(clock.pending).toBe(0);
    client.destroy();
  });
});

const silent: { server: Server; sockets: Set<Socket> }[] = [];

afterEach(async () => {
  for (const { server, sockets } of silent.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Somebody who takes connections, and never says a word. */
async function useSilentServer() {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    count++;
    sockets.add(socket.on("error", () => undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  silent.push({ server, sockets });
  const { port } = server.address() as { port: number };
  return { address: `127.0.0.1:${port}`, accepted: () => count };
}
