import { connect, type Socket } from "node:net";
import { routes } from "@discoveryd/protocol";
import express, { type Express } from "express";
import { heapBytes } from "../testing/heap";
import { until } from "../testing/until";
import { HttpServer, type HttpServerOptions } from "./http-server";

const servers: HttpServer[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  for (const server of servers.splice(0)) {
    server.destroy();
    await server.drain();
  }
});

/** A connection that speaks by hand. */
class RawClient {
  received = "";
  closed = false;
  readonly openedAt = performance.now();
  closedAt = Infinity;

  constructor(readonly socket: Socket) {
    clients.push(this);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => (this.received += text));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.closedAt = performance.now();
    });
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new RawClient(socket)));
      socket.once("error", reject);
    });
  }

  get livedMs(): number {
    return this.closedAt - this.openedAt;
  }

  get statusLines(): string[] {
    return this.received.match(/HTTP\/1\.1 \d+ [^\r]*/g) ?? [];
  }

  async ask(path: string): Promise<void> {
    const before = this.statusLines.length;
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await until(`${path} is answered`, () => this.statusLines.length > before);
  }
}

/** Answers `/now` at once, and holds every other request until it is released. */
async function start(options: Partial<HttpServerOptions> = {}) {
  const held: { path: string; release: () => void }[] = [];
  const gone: string[] = [];
  const app: Express = express();
  const server = new HttpServer({
    dispatch(req, res) {
      const path = req.url as string;
      res.once("close", () => gone.push(path));
      if (path === "/now") res.end("now");
      else held.push({ path, release: () => res.end("released") });
      return true;
    },
    app,
    maxConnections: 100,
    maxHeaderBytes: 262_144,
    ...options,
  });
  servers.push(server);
  const port = await server.listen("127.0.0.1", 0);
  return { server, port, held, gone };
}

const TIMEOUTS = { keepAliveMs: 1_500, headersMs: 300, requestMs: 600, checkMs: 50 };

test("the time limits are those of the protocol, unless told otherwise", async () => {
  const { server } = await start();
  expect(server["server"]).toMatchObject({
    // Of idle connections, too.
    timeout: 150_000,
    keepAliveTimeout: 0,
    headersTimeout: 10_000,
    requestTimeout: 30_000,
  });
});

test("a connection that has sent nothing yet is kept as long as an idle one, not for the time headers may take", async () => {
  const { port } = await start({ timeouts: TIMEOUTS });
  const client = await RawClient.open(port);
  await until("it is closed", () => client.closed);
  expect(client.livedMs).toBeGreaterThan(1_400);
  expect(client.received).toBe("");
});

test("the time for headers counts from their first byte, however late it comes", async () => {
  const { port } = await start({ timeouts: TIMEOUTS });
  const client = await RawClient.open(port);
  await until("the time for headers is over", () => performance.now() - client.openedAt > 700);
  await client.ask("/now");
  client.socket.write("GET /no");
  const begun = performance.now();
  await until("it is closed", () => client.closed);
  expect(client.closedAt - begun).toBeGreaterThan(250);
  expect(client.statusLines).toEqual(["HTTP/1.1 200 OK", "HTTP/1.1 408 Request Timeout"]);
});

test("the time for headers counts from the first byte of the first request", async () => {
  const { port } = await start({ timeouts: TIMEOUTS });
  const client = await RawClient.open(port);
  await until("the time for headers is over", () => performance.now() - client.openedAt > 700);
  client.socket.write("GET /no");
  const begun = performance.now();
  await until("it is closed", () => client.closed);
  expect(client.closedAt - begun).toBeGreaterThan(250);
  expect(client.closedAt - begun).toBeLessThan(1_200);
  expect(client.statusLines).toEqual(["HTTP/1.1 408 Request Timeout"]);
});

test("a request that does not arrive whole is answered 408", async () => {
  const { port } = await start({ timeouts: TIMEOUTS, dispatch: () => true });
  const client = await RawClient.open(port);
  client.socket.write("POST /now HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab");
  await until("it is closed", () => client.closed);
  expect(client.livedMs).toBeGreaterThan(550);
  expect(client.statusLines).toEqual(["HTTP/1.1 408 Request Timeout"]);
});

test("an idle connection is kept for its time, and says how long", async () => {
  const { port } = await start({ timeouts: TIMEOUTS });
  const client = await RawClient.open(port);
  await client.ask("/now");
  const begun = performance.now();
  await until("it is closed", () => client.closed);
  expect(client.closedAt - begun).toBeGreaterThan(1_400);
  expect(client.received).toMatch(/Keep-Alive: timeout=1/);
});

test.each([
  ["garbage\r\n\r\n", "HTTP/1.1 400 Bad Request"],
  [
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(262_144)}\r\n\r\n`,
    "HTTP/1.1 431 Request Header Fields Too Large",
  ],
  [`GET /${"x".repeat(262_144)} HTTP/1.1\r\nHost: a\r\n\r\n`, "HTTP/1.1 431 Request Header Fields Too Large"],
])("what cannot be read is refused, and its connection closed (%#)", async (text, statusLine) => {
  const { port } = await start();
  const client = await RawClient.open(port);
  client.socket.write(text);
  await until("it is closed", () => client.closed);
  expect(client.statusLines).toEqual([statusLine]);
  expect(client.received).toContain("Connection: close\r\n");
});

test("headers of 256 KiB are taken", async () => {
  const { port } = await start();
  const client = await RawClient.open(port);
  client.socket.write(`GET /now HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(262_000)}\r\n\r\n`);
  await until("it is answered", () => client.statusLines.length > 0);
  expect(client.statusLines).toEqual(["HTTP/1.1 200 OK"]);
});

test("an answer under way is not broken by what its client sends after the request", async () => {
  const { port, server, held } = await start({
    dispatch: (_req, res) => {
      res.writeHead(200, { "Content-Length": 8 }).write("half");
      held.push({ path: "", release: () => res.end("half") });
      return true;
    },
  });
  const client = await RawClient.open(port);
  client.socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the answer is under way", () => client.received.endsWith("half"));
  client.socket.write("garbage\r\n\r\n");
  await until("it is closed", () => client.closed);
  expect(client.statusLines).toEqual(["HTTP/1.1 200 OK"]);
  expect(server.open).toBe(0);
});

test("a connection beyond the most there may be is closed at once, and counted", async () => {
  const { server, port } = await start({ maxConnections: 2 });
  const first = await RawClient.open(port);
  await RawClient.open(port);
  const third = await RawClient.open(port);
  await until("it is closed", () => third.closed);
  expect([server.open, server.refused]).toEqual([2, 1]);
  first.socket.destroy();
  await until("there is room", () => server.open === 1);
  await (await RawClient.open(port)).ask("/now");
});

test("what is held for a client is over when its connection is, however much it has asked for", async () => {
  const { server, port, held, gone } = await start();
  const client = await RawClient.open(port);
  client.socket.write(["/a", "/b", "/c"].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
  await until("the first was received", () => held.length > 0);
  client.socket.destroy();
  await until("the connection is over", () => server.open === 0);
  await until("all is over", () => gone.length === held.length);
  expect(gone.sort()).toEqual(held.map(({ path }) => path).sort());
});

test("an idle connection does not hold on to its last request and answer", async () => {
  const last: WeakRef<object>[] = [];
  const { server, port } = await start({
    dispatch(req, res) {
      last.push(new WeakRef(req), new WeakRef(res));
      res.end("now");
      return true;
    },
  });
  await (await RawClient.open(port)).ask("/now");
  await until("both are collected", async () => {
    await heapBytes();
    return last.every((each) => each.deref() === undefined);
  });
  expect([last.length, server.open]).toEqual([2, 1]);
});

test("requests sent one after the other without waiting are answered in order", async () => {
  const { port, held, gone } = await start();
  const client = await RawClient.open(port);
  client.socket.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the first was received", () => held.length === 1);
  held[0]?.release();
  await until("both are answered", () => client.statusLines.length === 2);
  expect(client.received).toMatch(/released[^]*now/);
  expect(gone).toEqual(["/a", "/now"]);
});

test("a drain closes idle and silent connections, waits for answers under way, and takes no more", async () => {
  const { server, port, held } = await start();
  const [idle, silent, busy] = [
    await RawClient.open(port),
    await RawClient.open(port),
    await RawClient.open(port),
  ];
  await idle.ask("/now");
  busy.socket.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the request was received", () => held.length === 1);
  let drained = false;
  const done = server.drain().then(() => (drained = true));
  await until("idle connections are closed", () => idle.closed && silent.closed);
  await expect(RawClient.open(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect([drained, busy.closed]).toEqual([false, false]);
  held[0]?.release();
  await done;
  await until("the client knows", () => busy.closed);
  expect(busy.received).toMatch(/Connection: close\r\n[^]*released/);
});

test("an answer that was begun before a drain ends its connection", async () => {
  const { server, port, held } = await start({
    dispatch: (_req, res) => {
      res.write("begun");
      held.push({ path: "", release: () => res.end("ended") });
      return true;
    },
  });
  const client = await RawClient.open(port);
  client.socket.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("it was begun", () => client.received.includes("begun"));
  const done = server.drain();
  held[0]?.release();
  await done;
  await until("the client knows", () => client.closed);
  expect(client.received).toContain("ended");
});

test("a port that is taken is an error", async () => {
  const { port } = await start();
  const other = new HttpServer({
    dispatch: () => false,
    app: express(),
    maxConnections: 1,
    maxHeaderBytes: 16_384,
  });
  await expect(other.listen("127.0.0.1", port)).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("what is not the registry's own goes to Express", async () => {
  const app = express();
  app.get("/from/:name", (req, res) => {
    res.json({ name: req.params.name, path: routes.renew.path });
  });
  const { port } = await start({ dispatch: () => false, app });
  const client = await RawClient.open(port);
  await client.ask("/from/express");
  await until("the body has come", () => client.received.endsWith("}"));
  expect(client.received).toMatch(/\{"name":"express","path":"\/discovery\/renew"\}$/);
});

test("a drain waits until a slow client has the whole of its answer", async () => {
  const body = Buffer.alloc(20_000_000, "x");
  const { server, port } = await start({
    dispatch: (_req, res) => {
      res.end(body);
      return true;
    },
  });
  const socket = connect({ port, host: "127.0.0.1" });
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise((resolve) => socket.once("readable", resolve));
  const drained = server.drain();
  let bytes = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(body.length);
  await drained;
});
