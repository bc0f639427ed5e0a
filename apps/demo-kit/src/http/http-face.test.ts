import { createServer, type Server } from "node:net";
import pino from "pino";
import { Counter, Registry } from "prom-client";
import { request } from "undici";
import { FakeClock } from "@discoveryd/runtime/testing";
import { HttpFace, type HttpFaceOptions } from "./http-face";

const faces: HttpFace[] = [];
const clock = new FakeClock();

afterEach(async () => {
  await Promise.all(faces.splice(0).map((face) => face.close()));
  expect(clock.pending).toBe(0);
});

async function useFace(options: Partial<HttpFaceOptions> = {}) {
  const face = new HttpFace({
    address: { host: "127.0.0.1", port: 0 },
    addressChangedBy: "http.toml addr or HTTP_ADDR",
    metrics: new Registry(),
    logger: pino({ enabled: false }),
    clock,
    ...options,
  });
  faces.push(face);
  const { port } = await face.start();
  const get = async (path: string) => {
    const { statusCode, body } = await request(`http://127.0.0.1:${port}${path}`);
    return { status: statusCode, text: await body.text() };
  };
  return { face, get, port };
}

test("/healthz says ok", async () => {
  const { get } = await useFace();
  expect(await get("/healthz")).toEqual({ status: 200, text: "ok\n" });
});

test("/healthz says what ails", async () => {
  const { get } = await useFace({ ailment: () => "stopping" });
  expect(await get("/healthz")).toEqual({ status: 503, text: "stopping\n" });
});

test("/metrics shows what the registry has", async () => {
  const metrics = new Registry();
  new Counter({ name: "greetings_total", help: "greetings", registers: [metrics] }).inc(3);
  const { get } = await useFace({ metrics });
  expect((await get("/metrics")).text).toContain("greetings_total 3");
});

test("an application's route has parameters, query and json as in any Express app", async () => {
  const { get } = await useFace({
    routes: (app) => {
      app.get("/of/:who", (req, res) => {
        res.status(201).json({ who: req.params.who, q: req.query["q"], secure: req.secure });
      });
    },
  });
  expect(await get("/of/ada?q=1")).toEqual({ status: 201, text: '{"who":"ada","q":"1","secure":false}' });
});

test("an unknown path is 404 and named", async () => {
  const { get } = await useFace();
  expect(await get("/nowhere?x=1")).toEqual({ status: 404, text: "no such path: GET /nowhere\n" });
});

test("a path that cannot be decoded is 400", async () => {
  const { get } = await useFace({ routes: (app) => app.get("/of/:who", (_, res) => void res.end()) });
  expect(await get("/of/%ff")).toEqual({ status: 400, text: "bad request\n" });
});

test("a route that throws is 500, and its error stays inside", async () => {
  const { get } = await useFace({
    routes: (app) => {
      app.get("/throws", () => {
        throw new Error("secret");
      });
    },
  });
  expect(await get("/throws")).toEqual({ status: 500, text: "unexpected error\n" });
});

test("a port in use is one line that says what to change", async () => {
  const other: Server = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const started = useFace({ address: { host: "127.0.0.1", port } });
  await expect(started).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: another process uses it; change http.toml addr or HTTP_ADDR`,
  );
  other.close();
});

test("an address of another machine is one line, too", async () => {
  await expect(useFace({ address: { host: "192.0.2.1", port: 1 } })).rejects.toThrow(
    "cannot listen on 192.0.2.1:1: it is no address of this machine; change http.toml addr or HTTP_ADDR",
  );
});

test("close lets a request under way finish", async () => {
  let answer: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    void useFace({
      routes: (app) =>
        app.get("/slow", (_, res) => {
          answer = () => void res.send("done");
          resolve();
        }),
    }).then(({ face, get }) => {
      slow = get("/slow");
      closing = () => face.close();
    });
  });
  let slow: Promise<{ text: string }> | undefined;
  let closing: () => Promise<void> = () => Promise.resolve();
  await arrived;
  const closed = closing();
  answer();
  expect((await slow)?.text).toBe("done");
  // The client keeps the connection; the grace ends it.
  await clock.advance(2_000);
  await closed;
});

test("close cuts a request that does not end", async () => {
  let arrive: () => void = () => {};
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const { face, get } = await useFace({ routes: (app) => app.get("/never", () => arrive()) });
  const never = get("/never");
  never.catch(() => {});
  await arrived;
  const closed = face.close();
  await clock.advance(2_000);
  await closed;
  await expect(never).rejects.toThrow();
});
