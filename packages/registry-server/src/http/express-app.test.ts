import { useNodes } from "../testing/use-node";

const start = useNodes();

test.each(["/healthz", "/readyz"])("%s says ok while all is well", async (path) => {
  const node = await start();
  const { status, text, headers } = await node.get(path);
  expect([status, text]).toEqual([200, "ok\n"]);
  expect(headers["content-type"]).toMatch(/^text\/plain/);
  expect(headers).not.toHaveProperty("x-powered-by");
});

test("an unknown path is 404, in plain text", async () => {
  const node = await start();
  const paths = [
    "/",
    "/discovery",
    "/discovery/",
    "/discovery/nope",
    "/discovery/fetch/",
    "/%",
    "//",
    "/__proto__",
  ];
  for (const path of paths) {
    const { status, text } = await node.get(path);
    expect([path, status, text]).toEqual([path, 404, "404 page not found"]);
  }
});

test("a wrong method is 405, and names the right one", async () => {
  const node = await start();
  for (const [method, path, allowed] of [
    ["GET", "/discovery/register", "POST"],
    ["POST", "/discovery/fetch", "GET"],
    ["POST", "/discovery/fetch/all", "GET"],
    ["POST", "/discovery/polls", "GET"],
    ["PUT", "/discovery/renew", "POST"],
    ["DELETE", "/discovery/cancel", "POST"],
    ["OPTIONS", "/discovery/set", "POST"],
    ["HEAD", "/discovery/nodes", "GET"],
    ["POST", "/healthz", "GET"],
    ["OPTIONS", "/readyz", "GET"],
    ["DELETE", "/metrics", "GET"],
  ] as const) {
    const { status, headers, text } = await node.request({ method, path });
    expect([path, status, headers["allow"]]).toEqual([path, 405, allowed]);
    expect(text).toBe(method === "HEAD" ? "" : "Method Not Allowed");
  }
});

test.each([
  ["a wrong method", "/discovery/fetch", 405],
  ["an unknown path", "/discovery/nope", 404],
])("%s with a body leaves its connection usable", async (_, path, status) => {
  const node = await start();
  expect((await node.postBody(path, "x".repeat(100_000))).status).toBe(status);
  expect((await node.get("/healthz")).status).toBe(200);
});

test("the metrics are text as Prometheus reads it", async () => {
  const node = await start();
  const { status, headers, text } = await node.get("/metrics");
  expect(status).toBe(200);
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(text).toContain("\ndiscoveryd_instances 1\n");
});

test("a node that is protected says why it is not ready, and is alive", async () => {
  const node = await start({ config: { enableProtect: true, nodes: ["127.0.0.1:0", "127.0.0.1:1"] } });
  const { status, text } = await node.get("/readyz");
  expect(status).toBe(503);
  expect(text).toBe("this node is starting up and has not synced from a peer yet\n");
  expect((await node.get("/healthz")).status).toBe(200);
});
