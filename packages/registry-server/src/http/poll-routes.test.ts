import { key } from "../testing/builders";
import { until } from "../testing/until";
import { useNodes, type TestNode } from "../testing/use-node";

const start = useNodes();

/** What a poller of `provider` sends that has seen what is there. */
async function current(node: TestNode, changes: Record<string, string | string[]> = {}) {
  return { env: "dev", appid: "provider", latest_timestamp: await node.latest(), ...changes };
}

function cancel(node: TestNode, changes: Record<string, string> = {}) {
  return node.post("/discovery/cancel", { ...key, ...changes });
}

describe("polls", () => {
  test("what is newer than the caller's timestamp is answered at once", async () => {
    const node = await start();
    await node.register();
    const query = { env: "dev", appid: ["provider", "missing"], latest_timestamp: ["0", "0"] };
    const { status, headers, text } = await node.get("/discovery/polls", query);
    expect([status, headers["kratos-status-code"]]).toEqual([200, "0"]);
    const info = (
      await node.get("/discovery/fetch", { env: "dev", appid: "provider", status: "1" })
    ).text.slice(37, -1);
    expect(text).toBe(
      `{"code":0,"message":"0","ttl":1,"data":{"provider":${info.slice(2)}},"error":{"-404":["missing"]}}`,
    );
  });

  test("only apps with news are answered", async () => {
    const node = await start();
    await node.register();
    await node.register({ appid: "consumer" });
    const latest_timestamp = [await node.latest(), "0"];
    const { data } = await node.get("/discovery/polls", {
      env: "dev",
      appid: ["provider", "consumer"],
      latest_timestamp,
    });
    expect(Object.keys(data as object)).toEqual(["consumer"]);
  });

  test("without news it hangs until the first change of any of its apps", async () => {
    const node = await start();
    await node.register();
    const query = { env: "dev", appid: "provider,consumer", latest_timestamp: [await node.latest(), "0"] };
    const { reply } = await node.hang("/discovery/polls", query);
    await node.register({ version: "2" });
    const { code, text } = await reply;
    expect(code).toBe(0);
    expect(text).toContain('"version":"2"');
    expect(text).toMatch(/"error":\{"-404":\["consumer"\]\}\}$/);
    expect(node.waiting).toBe(0);
  });

  test("an app that does not exist is waited for: its registration is news", async () => {
    const node = await start();
    const { reply } = await node.hang("/discovery/polls", {
      env: "dev",
      appid: "provider",
      latest_timestamp: "0",
    });
    await node.register();
    expect((await reply).text).toMatch(/^\{"code":0,.*"hostname":"h1".*"error":\{"-404":null\}\}$/);
  });

  test("after 30 s without news the answer is -304", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/polls", await current(node));
    await node.clock.advance(29_999);
    expect(node.waiting).toBe(1);
    await node.clock.advance(1);
    expect(await reply).toMatchObject({
      status: 200,
      code: -304,
      text: '{"code":-304,"message":"-304","ttl":1}',
    });
    await until("nobody waits", () => node.waiting === 0);
  });

  test("a client that waits less is answered 20 ms before that", async () => {
    const node = await start();
    await node.register();
    const headers = { "x1-bmspy-timeout": "800" };
    const { reply } = await node.hang("/discovery/polls", await current(node), headers);
    await node.clock.advance(779);
    expect(node.waiting).toBe(1);
    await node.clock.advance(1);
    expect((await reply).code).toBe(-304);
  });

  test.each(["40000", "0", "-5", "soon", "NaN", "Infinity", ""])(
    "a client that waits %j waits 30 s",
    async (ms) => {
      const node = await start();
      await node.register();
      const { reply } = await node.hang("/discovery/polls", await current(node), { "x1-bmspy-timeout": ms });
      await node.clock.advance(29_999);
      expect(node.waiting).toBe(1);
      await node.clock.advance(1);
      expect((await reply).code).toBe(-304);
    },
  );

  test("a client with no time at all is answered as soon as can be", async () => {
    const node = await start();
    await node.register();
    const reply = node.get("/discovery/polls", await current(node), { "x1-bmspy-timeout": "10" });
    await until("it hangs", () => node.waiting === 1);
    await node.clock.advance(0);
    expect((await reply).code).toBe(-304);
  });

  test("the server's own limit on answers ends a poll, too", async () => {
    const node = await start({ config: { serverTimeoutMs: 5_000 } });
    await node.register();
    const { reply } = await node.hang("/discovery/polls", await current(node));
    await node.clock.advance(4_980);
    expect((await reply).code).toBe(-304);
  });

  test("a register that changes nothing, and a renew, wake nobody", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/polls", await current(node));
    await node.register();
    await node.post("/discovery/renew", { ...key });
    await node.register({ version: "2" });
    expect((await reply).text).toContain('"version":"2"');
  });

  test("a set wakes pollers, and is found by those who come later", async () => {
    const node = await start();
    await node.register();
    await node.register({ hostname: "h2" });
    const before = await current(node);
    const { reply } = await node.hang("/discovery/polls", before);
    await node.post("/discovery/set", { ...key, status: "2" });
    expect((await reply).text).not.toContain('"hostname":"h1"');
    expect((await node.get("/discovery/polls", before)).text).toBe((await reply).text);
  });

  test("the last instance's end is no news to an ordinary poller: it keeps waiting", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/polls", await current(node));
    await cancel(node);
    await node.clock.advance(10_000);
    expect(node.waiting).toBe(1);
    await node.register();
    expect((await reply).text).toContain('"hostname":"h1"');
  });

  test("an app whose instances all wait is no news to an ordinary poller", async () => {
    const node = await start();
    await node.register({ status: "2" });
    const { reply } = await node.hang("/discovery/polls", {
      env: "dev",
      appid: "provider",
      latest_timestamp: "0",
    });
    await node.post("/discovery/set", { ...key, status: "1" });
    expect((await reply).code).toBe(0);
  });

  test("a poller with empty=1 is told of the last instance's end", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/polls", await current(node, { empty: "1" }));
    await cancel(node);
    const { data, text } = await reply;
    expect(data).toMatchObject({ provider: { instances: {} } });
    expect(text).toMatch(/"error":\{"-404":\["provider"\]\}\}$/);
  });

  test("a poller with empty=1 is not told the same end twice", async () => {
    const node = await start();
    await node.register();
    const before = await current(node, { empty: "1" });
    await cancel(node);
    const { text } = await node.get("/discovery/polls", before);
    const latest_timestamp = /"latest_timestamp":(\d+)/.exec(text)?.[1] ?? "";
    await node.hang("/discovery/polls", { ...before, latest_timestamp });
  });

  test("a poller with empty=1 still waits for an app that never was", async () => {
    const node = await start();
    const query = { env: "dev", appid: "provider", latest_timestamp: "0", empty: "1" };
    await node.hang("/discovery/polls", query);
  });

  test("a change in another zone than the one asked for is no news", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/polls", await current(node, { zone: "sh002" }));
    await node.register({ version: "2" });
    await node.clock.advance(1_000);
    expect(node.waiting).toBe(1);
    await node.register({ zone: "sh002" });
    expect((await reply).data).toMatchObject({ provider: { instances: { sh002: [{ hostname: "h1" }] } } });
  });

  test.each(["dev", "prod"])("the registry's own nodes are found in env %s", async (env) => {
    const node = await start();
    const query = { env, appid: "infra.discovery", latest_timestamp: "0" };
    const { data } = await node.get("/discovery/polls", query);
    expect(data).toMatchObject({ "infra.discovery": { instances: { sh001: [{ hostname: "self" }] } } });
  });

  test.each(["/discovery/poll", "/discovery/polls"])(
    "%s from a zone without a node of the registry finds the nodes of others",
    async (path) => {
      const node = await start();
      const query = { env: "dev", appid: "infra.discovery", zone: "elsewhere", latest_timestamp: "0" };
      expect((await node.get(path, query)).text).toContain('"hostname":"self"');
      await node.register({
        appid: "infra.discovery",
        hostname: "near",
        zone: "elsewhere",
        replication: "true",
      });
      const { text } = await node.get(path, query);
      expect(text).toContain('"hostname":"near"');
      expect(text).not.toContain('"hostname":"self"');
    },
  );

  test("a new node wakes pollers of every env", async () => {
    const node = await start();
    const latest_timestamp = await node.latest("infra.discovery");
    const { reply } = await node.hang("/discovery/polls", {
      env: "prod",
      appid: "infra.discovery",
      latest_timestamp,
    });
    await node.register({ appid: "infra.discovery", hostname: "node-2", replication: "true" });
    expect((await reply).text).toContain('"hostname":"node-2"');
  });

  test("each waiting request is its own, whatever host name it gives", async () => {
    const node = await start();
    await node.register();
    const query = await current(node, { hostname: "same" });
    const { reply: provider } = await node.hang("/discovery/polls", query);
    const { reply: other } = await node.hang("/discovery/polls", { ...query, appid: "other" });
    const { reply: again } = await node.hang("/discovery/polls", query);
    await node.register({ version: "2" });
    expect([(await provider).code, (await again).code]).toEqual([0, 0]);
    expect(node.waiting).toBe(1);
    await node.clock.advance(30_000);
    expect((await other).code).toBe(-304);
  });

  test("many waiters of one change are told the same", async () => {
    const node = await start();
    await node.register();
    const query = await current(node);
    const replies = Array.from({ length: 200 }, () => node.get("/discovery/polls", query));
    await until("all hang", () => node.waiting === 200);
    await node.register({ version: "2" });
    const texts = new Set((await Promise.all(replies)).map(({ text }) => text));
    expect(texts.size).toBe(1);
  });

  test("a client that goes frees its waiter", async () => {
    const node = await start();
    await node.register();
    const controller = new AbortController();
    const path = `/discovery/polls?${new URLSearchParams((await current(node)) as Record<string, string>).toString()}`;
    const gone = node.request({ method: "GET", path, signal: controller.signal });
    await until("it hangs", () => node.waiting === 1);
    controller.abort();
    await expect(gone).rejects.toThrow();
    await until("nobody waits", () => node.waiting === 0);
    expect(node.server["held"].size).toBe(0);
  });

  test("of an app named twice the older timestamp counts", async () => {
    const node = await start();
    await node.register();
    const latest = await node.latest();
    const query = { env: "dev", appid: "provider,provider" };
    for (const latest_timestamp of [`0,${latest}`, `${latest},0`]) {
      expect((await node.get("/discovery/polls", { ...query, latest_timestamp })).code).toBe(0);
    }
  });

  test("1,000 apps with long names can be polled, no more", async () => {
    const node = await start();
    const appid = Array.from({ length: 1_001 }, (_, i) => `app-${i}-`.padEnd(200, "x"));
    const latest_timestamp = appid.map(() => "1795342003214049000");
    const long = { env: "dev", appid: appid.slice(1), latest_timestamp: latest_timestamp.slice(1) };
    await node.hang("/discovery/polls", long);
    expect(await node.get("/discovery/polls", { env: "dev", appid, latest_timestamp })).toMatchObject({
      status: 200,
      code: -400,
      message: "parameter appid: 1001 apps, at most 1000",
    });
  });

  test.each([
    [{ appid: "provider" }, "parameter env is required"],
    [{ env: "dev" }, "parameter appid is required"],
    [{ env: "dev", appid: "a,b" }, "parameter latest_timestamp: 0 values for 2 apps; give as many"],
    [
      { env: "dev", appid: "a", latest_timestamp: "0,0" },
      "parameter latest_timestamp: 2 values for 1 apps; give as many",
    ],
    [
      { env: "dev", appid: "a", latest_timestamp: "1.5" },
      'parameter latest_timestamp = "1.5": must be a decimal integer of at most 64 bits',
    ],
  ])("polls with %j is refused", async (query: Record<string, string>, message) => {
    const node = await start();
    expect(await node.get("/discovery/polls", query)).toMatchObject({ status: 200, code: -400, message });
  });

  test("brpc gets flat lists", async () => {
    const node = await start();
    await node.register();
    const query = { env: "dev", appid: "provider", latest_timestamp: "0" };
    const { data } = await node.get("/discovery/polls", query, { "user-agent": "brpc/1.0" });
    expect(data).toMatchObject({
      provider: { instances: [{ hostname: "h1" }], latest_timestamp_str: "1795342003" },
    });
  });

  test("a poll in a body that comes in parts is held like any other", async () => {
    const node = await start();
    await node.register();
    const body = new URLSearchParams((await current(node)) as Record<string, string>).toString();
    const reply = node.request({ method: "GET", path: "/discovery/polls", body });
    await until("it hangs", () => node.waiting === 1);
    await node.register({ version: "2" });
    expect((await reply).code).toBe(0);
  });

  test("200 rounds of register, cancel and set: a client that parses with doubles misses nothing, and is told nothing twice", async () => {
    const node = await start();
    await node.register({ hostname: "always" });
    let seen = 0;
    const poll = async () => {
      const query = { env: "dev", appid: "provider", latest_timestamp: String(seen) };
      const { data } = await node.get("/discovery/polls", query);
      const app = (data as { provider: { latest_timestamp: number; instances: Record<string, unknown[]> } })
        .provider;
      expect(app.latest_timestamp).not.toBe(seen);
      seen = app.latest_timestamp;
      return JSON.stringify(app.instances);
    };
    await poll();
    for (let round = 0; round < 200; round++) {
      const next = poll();
      await until("it hangs", () => node.waiting === 1);
      if (round % 3 === 0) await node.register({ version: String(round) });
      else if (round % 3 === 1) await node.post("/discovery/set", { ...key, metadata: `{"round":${round}}` });
      else await cancel(node);
      const shown = await next;
      expect(shown.includes('"h1"')).toBe(round % 3 !== 2);
      if (round % 3 < 2) expect(shown).toContain(`"${round}"`);
      await node.clock.advance(round % 2);
    }
  });
});

describe("poll", () => {
  test("one app is answered as its InstancesInfo", async () => {
    const node = await start();
    await node.register();
    const query = { env: "dev", appid: "provider" };
    const fetched = await node.get("/discovery/fetch", { ...query, status: "1" });
    expect((await node.get("/discovery/poll", query)).text).toBe(fetched.text);
    expect((await node.get("/discovery/poll", { ...query, latest_timestamp: "0" })).text).toBe(fetched.text);
  });

  test("an app that does not exist is -404 at once", async () => {
    const node = await start();
    const query = { env: "dev", appid: "provider" };
    const missing = { status: 200, code: -404, message: "provider has no instance in env dev" };
    expect(await node.get("/discovery/poll", query)).toMatchObject(missing);
    await node.register();
    await cancel(node);
    expect(await node.get("/discovery/poll", query)).toMatchObject(missing);
  });

  test("without news it hangs, and is answered with the first", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/poll", await current(node));
    await cancel(node);
    await node.register({ version: "2" });
    expect((await reply).data).toMatchObject({ instances: { sh001: [{ version: "2" }] } });
  });

  test("after 30 s without news the answer is -304", async () => {
    const node = await start();
    await node.register();
    const { reply } = await node.hang("/discovery/poll", await current(node));
    await node.clock.advance(30_000);
    expect((await reply).code).toBe(-304);
  });

  test("a poller with empty=1 is told of the end, and then waits for a beginning", async () => {
    const node = await start();
    await node.register();
    const query = await current(node, { empty: "1" });
    const { reply } = await node.hang("/discovery/poll", query);
    await cancel(node);
    const { data, text } = await reply;
    expect(data).toMatchObject({ instances: {} });
    const latest_timestamp = /"latest_timestamp":(\d+)/.exec(text)?.[1] ?? "";
    const { reply: next } = await node.hang("/discovery/poll", { ...query, latest_timestamp });
    await node.register();
    expect((await next).text).toContain('"hostname":"h1"');
  });
});
