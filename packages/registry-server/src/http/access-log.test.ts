import { key, registerForm } from "../testing/builders";
import { until } from "../testing/until";
import { useNodes, type LogLine, type TestNode } from "../testing/use-node";

const start = useNodes();
const LEVELS: Record<number, string> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };

function requests(node: TestNode): LogLine[] {
  return node.logs.filter(({ source }) => source === "http-access-log");
}

function levels(node: TestNode): string[] {
  return requests(node).map(({ level, path }) => `${LEVELS[level]} ${String(path)}`);
}

test("a request is one line with the original's fields", async () => {
  const node = await start();
  await node.post("/discovery/register", registerForm({ color: "red" }), {
    "x1-bmspy-user": "main.account",
    "x1-bmspy-timeout": "1500",
  });
  expect(requests(node)).toEqual([
    {
      level: 30,
      time: expect.any(Number) as number,
      method: "POST",
      path: "/discovery/register",
      params:
        "env=dev&appid=provider&zone=sh001&hostname=h1&addrs=grpc://127.0.0.1:9000&status=1&version=1&color=red",
      ip: "127.0.0.1",
      user: "main.account",
      ret: 0,
      msg: "0",
      err: "",
      ts: 0,
      timeout_quota: 1.5,
      source: "http-access-log",
    },
  ]);
});

test("a caller who does not say who it is, nor how long it waits, is no_user with a quota of 0", async () => {
  const node = await start();
  await node.register();
  expect(requests(node)[0]).toMatchObject({ user: "no_user", timeout_quota: 0 });
});

test("reads and renewals are logged at debug, what changes something at info", async () => {
  const node = await start({ config: { logLevel: "debug" } });
  await node.register();
  await node.post("/discovery/renew", { ...key });
  await node.get("/discovery/polls", { env: "dev", appid: "provider", latest_timestamp: "0" });
  await node.get("/discovery/poll", { env: "dev", appid: "provider" });
  await node.get("/discovery/fetch", { env: "dev", appid: "provider", status: "1" });
  await node.get("/discovery/fetch/all");
  await node.post("/discovery/set", { ...key, status: "2" });
  await node.post("/discovery/cancel", { ...key });
  expect(levels(node)).toEqual([
    "info /discovery/register",
    "debug /discovery/renew",
    "debug /discovery/polls",
    "debug /discovery/poll",
    "debug /discovery/fetch",
    "debug /discovery/fetch/all",
    "info /discovery/set",
    "info /discovery/cancel",
  ]);
});

test("by default reads and renewals are not logged", async () => {
  const node = await start();
  await node.register();
  await node.post("/discovery/renew", { ...key });
  await node.get("/discovery/polls", { env: "dev", appid: "provider", latest_timestamp: "0" });
  await node.get("/discovery/fetch", { env: "dev", appid: "provider", status: "1" });
  expect(levels(node)).toEqual(["info /discovery/register"]);
});

test("negative codes are warnings, but for a poll that ran out", async () => {
  const node = await start({ config: { logLevel: "debug" } });
  await node.post("/discovery/renew", { ...key });
  await node.get("/discovery/fetch", { env: "dev" });
  const latest_timestamp = await node.latest("infra.discovery");
  const { reply } = await node.hang("/discovery/polls", {
    env: "dev",
    appid: "infra.discovery",
    latest_timestamp,
  });
  await node.clock.advance(30_000);
  await reply;
  expect(requests(node)).toEqual([
    expect.objectContaining({ level: 40, path: "/discovery/renew", ret: -404 }),
    expect.objectContaining({ level: 40, path: "/discovery/fetch", ret: -400, err: "" }),
    expect.objectContaining({ level: 20, path: "/discovery/fetch", ret: 0 }),
    expect.objectContaining({ level: 20, path: "/discovery/polls", ret: -304, ts: 30, err: "" }),
  ]);
});

test("what is wrong with a request stands in its line", async () => {
  const node = await start();
  await node.register({ status: "5" });
  expect(requests(node)[0]).toMatchObject({
    ret: -400,
    msg: "parameter status = 5: must be 1 (up) or 2 (waiting)",
  });
});

test("a bug is an error, with its message; its client is told nothing of it", async () => {
  const node = await start({ onBug: () => undefined });
  const stop = node.server.registry.changed.on(() => {
    stop();
    throw new Error("a bug");
  });
  const reply = await node.register();
  expect(reply).toMatchObject({
    status: 200,
    code: -500,
    message: "unexpected error; the registry's log says more",
  });
  expect(requests(node)).toEqual([
    expect.objectContaining({ level: 50, ret: -500, err: "a bug", msg: "a bug" }),
  ]);
});

test("metadata never stands in a line, good or bad, nor do parameters that nobody knows", async () => {
  const node = await start({ config: { logLevel: "trace" } });
  await node.register({ metadata: '{"password":"s3cret"}', token: "s3cret" });
  await node.register({ metadata: '{"password":"s3cret"' });
  await node.post("/discovery/set", { ...key, metadata: '{"password":"s3cret"}' });
  await node.post("/discovery/set", { ...key, metadata: "s3cret" });
  await node.postBody("/discovery/register", '{"metadata":{"password":"s3cret"}}', "application/json");
  await node.postBody("/discovery/register", '{"metadata":{"password":"s3cret"', "application/json");
  await node.postBody("/discovery/register", "s3cret", "multipart/form-data; boundary=b");
  expect(requests(node)).toHaveLength(7);
  expect(JSON.stringify(node.logs)).not.toContain("s3cret");
});

test("control characters do not break a line", async () => {
  const node = await start();
  await node.register({ zone: 'a\n{"level":60,"msg":"forged"}\r\u2028b\u0000' });
  const [line] = requests(node);
  expect(requests(node)).toHaveLength(1);
  expect(line?.["params"]).toContain('zone=a\n{"level":60');
  expect(line?.["ret"]).toBe(-400);
});

test("a long value is cut, however many there are", async () => {
  const node = await start();
  const hostname = Array.from({ length: 10_000 }, (_, i) => `h${i}`);
  await node.post("/discovery/set", { ...key, hostname });
  const [line] = requests(node);
  expect(JSON.stringify(line).length).toBeLessThan(1_500);
});

test("an answer to a client that has gone is logged, too", async () => {
  const node = await start({ config: { logLevel: "debug" } });
  const latest_timestamp = await node.latest("infra.discovery");
  const controller = new AbortController();
  const path = `/discovery/polls?env=dev&appid=infra.discovery&latest_timestamp=${latest_timestamp}`;
  const gone = node.request({ method: "GET", path, signal: controller.signal });
  await until("it hangs", () => node.waiting === 1);
  controller.abort();
  await expect(gone).rejects.toThrow();
  await until("nobody waits", () => node.waiting === 0);
  expect(requests(node).map(({ path: logged }) => logged)).toEqual(["/discovery/fetch"]);
});
