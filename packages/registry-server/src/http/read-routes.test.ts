import { gunzipSync } from "node:zlib";
import { request } from "undici";
import { useNodes } from "../testing/use-node";

const start = useNodes();
const app = { env: "dev", appid: "provider", status: "1" };

test("a fetch shows the app by zone, with its timestamp", async () => {
  const node = await start();
  await node.register();
  await node.register({ zone: "sh002", hostname: "h2" });
  const { status, code, data, headers } = await node.get("/discovery/fetch", app);
  expect([status, code, headers["kratos-status-code"]]).toEqual([200, 0, "0"]);
  expect(data).toMatchObject({ instances: { sh001: [{ hostname: "h1" }], sh002: [{ hostname: "h2" }] } });
});

test("timestamps are bare integers, exact to the digit", async () => {
  const node = await start();
  const given = "1795342003214049717";
  await node.register({ reg_timestamp: given, dirty_timestamp: given, latest_timestamp: given });
  const { text } = await node.get("/discovery/fetch", app);
  for (const name of ["reg", "dirty", "latest"]) expect(text).toContain(`"${name}_timestamp":${given}`);
  expect(text).toMatch(/"latest_timestamp":1795342003214050000\}\}$/);
});

test("a fetch shows each heartbeat at once", async () => {
  const node = await start();
  await node.register();
  const shown: string[] = [];
  for (let i = 0; i < 3; i++) {
    const { hostname, zone, env, appid } = { hostname: "h1", zone: "sh001", ...app };
    await node.post("/discovery/renew", { hostname, zone, env, appid });
    const { text } = await node.get("/discovery/fetch", app);
    shown.push(/"renew_timestamp":(\d+)/.exec(text)?.[1] ?? "");
  }
  expect(new Set(shown).size).toBe(3);
});

test.each([
  [{ appid: "other" }, "other has no instance in env dev"],
  [{ env: "prod" }, "provider has no instance in env prod"],
  [{ zone: "sh002" }, "provider has no instance in env dev, zone sh002"],
])("a fetch of %j is -404", async (changes, message) => {
  const node = await start();
  await node.register();
  expect(await node.get("/discovery/fetch", { ...app, ...changes })).toMatchObject({
    status: 200,
    code: -404,
    message,
    data: undefined,
  });
});

test("a fetch of an app whose last instance went is -404", async () => {
  const node = await start();
  await node.register();
  await node.post("/discovery/cancel", { ...app, zone: "sh001", hostname: "h1" });
  expect((await node.get("/discovery/fetch", app)).code).toBe(-404);
});

test("a zone whose instances all wait is there, and empty", async () => {
  const node = await start();
  await node.register({ status: "2" });
  const { code, data } = await node.get("/discovery/fetch", app);
  expect([code, (data as { instances: unknown }).instances]).toEqual([0, { sh001: [] }]);
  expect((await node.get("/discovery/fetch", { ...app, status: "2" })).text).toContain('"hostname":"h1"');
});

test.each([
  [{}, "parameter env is required"],
  [{ env: "dev" }, "parameter appid is required"],
  [{ env: "dev", appid: "provider" }, "parameter status is required"],
  [{ ...app, status: "up" }, 'parameter status = "up": must be a decimal integer of at most 64 bits'],
  [{ ...app, status: "-1" }, "parameter status = -1: must be 1 (up), 2 (waiting) or 3 (both)"],
])("a fetch with %j is refused", async (query, message) => {
  const node = await start();
  expect(await node.get("/discovery/fetch", query)).toMatchObject({ status: 200, code: -400, message });
});

test("fetchs shows the apps that exist, each once, and leaves the others out", async () => {
  const node = await start();
  await node.register();
  await node.register({ appid: "consumer" });
  const query = { env: "dev", status: "1", appid: ["provider", "missing,consumer", "provider"] };
  const { code, data } = await node.get("/discovery/fetchs", query);
  expect(code).toBe(0);
  expect(data).toEqual({
    provider: (await node.get("/discovery/fetch", app)).data,
    consumer: (await node.get("/discovery/fetch", { ...app, appid: "consumer" })).data,
  });
});

test("fetchs of apps that do not exist is an empty object", async () => {
  const node = await start();
  const { text } = await node.get("/discovery/fetchs", { env: "dev", appid: "missing", status: "1" });
  expect(text).toBe('{"code":0,"message":"0","ttl":1,"data":{}}');
});

test("fetchs takes 1,000 apps, and no more", async () => {
  const node = await start();
  const appid = Array.from({ length: 1_001 }, (_, i) => `app-${i}`);
  const query = { env: "dev", status: "1" };
  expect((await node.get("/discovery/fetchs", { ...query, appid: appid.slice(1) })).code).toBe(0);
  expect(await node.get("/discovery/fetchs", { ...query, appid })).toMatchObject({
    code: -400,
    message: "parameter appid: 1001 apps, at most 1000",
  });
});

test("app ids are data", async () => {
  const node = await start();
  await node.register({ appid: "__proto__" });
  const { text } = await node.get("/discovery/fetchs", {
    env: "dev",
    status: "1",
    appid: "__proto__,constructor",
  });
  expect(text).toContain('"data":{"__proto__":{"instances":{"sh001":');
  expect(text).not.toContain("constructor");
});

test("brpc gets one flat list beside the map", async () => {
  const node = await start();
  await node.register();
  const { data } = await node.get("/discovery/fetch", app, { "user-agent": "brpc/1.0 curl/7.0" });
  expect(data).toMatchObject({
    instances: [{ hostname: "h1" }],
    zone_instances: { sh001: [{ hostname: "h1" }] },
    latest_timestamp_str: "1795342003",
  });
  const { data: fetchs } = await node.get("/discovery/fetchs", { ...app, shape: "flat" });
  expect(fetchs).toMatchObject({ provider: { instances: [{ hostname: "h1" }] } });
});

test("nodes shows this one, up", async () => {
  const node = await start();
  const { data } = await node.get("/discovery/nodes");
  expect(data).toEqual([{ addr: `127.0.0.1:${node.port}`, status: 0, zone: "sh001" }]);
});

test.each(["dev", "prod", "anything"])("the registry's own node is found in env %s", async (env) => {
  const node = await start();
  const { data } = await node.get("/discovery/fetch", { env, appid: "infra.discovery", status: "1" });
  expect(data).toMatchObject({
    instances: {
      sh001: [{ env: "dev", hostname: "self", addrs: [`http://127.0.0.1:${node.port}`], status: 1 }],
    },
  });
});

test("a read may carry its parameters in a body", async () => {
  const node = await start();
  await node.register();
  const body = new URLSearchParams(app).toString();
  expect((await node.request({ method: "GET", path: "/discovery/fetch", body })).code).toBe(0);
});

test("a client that takes gzip gets a large answer compressed, and the same as everybody", async () => {
  const node = await start();
  for (let i = 0; i < 10; i++) await node.register({ hostname: `h${i}` });
  const { text } = await node.get("/discovery/fetch", app);
  const target = "/discovery/fetch?env=dev&appid=provider&status=1";
  const { headers, body } = await request(node.origin + target, { headers: { "accept-encoding": "gzip" } });
  const bytes = Buffer.from(await body.arrayBuffer());
  expect(headers).toMatchObject({ "content-encoding": "gzip", "content-length": `${bytes.length}` });
  expect(bytes.length).toBeLessThan(text.length / 2);
  expect(gunzipSync(bytes).toString()).toBe(text);
});

test("a small answer is not compressed", async () => {
  const node = await start();
  await node.register();
  const { headers } = await node.get("/discovery/fetch", app, { "accept-encoding": "gzip" });
  expect(headers).not.toHaveProperty("content-encoding");
});
