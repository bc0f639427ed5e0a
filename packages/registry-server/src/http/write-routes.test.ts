import { key, registerForm } from "../testing/builders";
import { useNodes, type TestNode } from "../testing/use-node";

const start = useNodes();
const where = { ...key };

/** The instance `key` as a fetch shows it. */
async function fetched(node: TestNode): Promise<Record<string, unknown> | undefined> {
  const { data } = await node.get("/discovery/fetch", { env: "dev", appid: "provider", status: "3" });
  return (data as { instances?: Record<string, Record<string, unknown>[]> } | undefined)?.instances?.[
    "sh001"
  ]?.[0];
}

test("a register is answered with the bare envelope, and a fetch shows the instance", async () => {
  const node = await start();
  const { status, headers, text } = await node.register({ color: "red" });
  expect([status, text]).toEqual([200, '{"code":0,"message":"0","ttl":1}']);
  expect(headers).toMatchObject({
    "content-type": "application/json; charset=utf-8",
    "kratos-status-code": "0",
  });
  expect(await fetched(node)).toMatchObject({
    ...key,
    region: "sh",
    addrs: ["grpc://127.0.0.1:9000"],
    version: "1",
    status: 1,
    metadata: { color: "red", weight: "10" },
  });
});

test("parameters may stand in the query, with an empty body", async () => {
  const node = await start();
  const path = `/discovery/register?${new URLSearchParams(registerForm() as Record<string, string>).toString()}`;
  expect((await node.postBody(path, "")).code).toBe(0);
  expect((await node.request({ method: "POST", path: "/discovery/renew?" + path.split("?")[1] })).code).toBe(
    0,
  );
});

test("a parameter's value in the body comes before that in the query", async () => {
  const node = await start();
  await node.postBody(
    "/discovery/register?version=query&hostname=h1",
    encode({ ...registerForm(), version: "body" }),
  );
  expect(await fetched(node)).toMatchObject({ version: "body" });
});

function encode(form: Record<string, unknown>): string {
  return new URLSearchParams(form as Record<string, string>).toString();
}

test.each(["3", "-1", "9007199254740991"])("a register with status %s is refused", async (status) => {
  const node = await start();
  expect(await node.register({ status })).toMatchObject({
    status: 200,
    code: -400,
    message: `parameter status = ${status}: must be 1 (up) or 2 (waiting)`,
  });
});

test.each(["grpc://h:99999", "127.0.0.1:0"])(
  "a register at %s is refused, and nothing is there",
  async (bad) => {
    const node = await start();
    expect(await node.register({ addrs: ["grpc://h:1", bad] })).toMatchObject({
      status: 200,
      code: -400,
      message: `parameter addrs = "${bad}": must be scheme://host[:port] or ip:port, a port from 1 to 65535`,
    });
    expect(await fetched(node)).toBeUndefined();
  },
);

test("a body of 1 MiB is read, one byte more is refused with the limit, and its connection closed", async () => {
  const node = await start();
  const filled = (bytes: number) => `${encode(where)}&unknown=`.padEnd(bytes, "x");
  expect((await node.postBody("/discovery/renew", filled(1_048_576))).code).toBe(-404);
  const refused = await node.postBody("/discovery/renew", filled(1_048_577));
  expect(refused).toMatchObject({
    status: 200,
    code: -400,
    message: "the body is larger than 1048576 bytes",
  });
  expect(refused.headers["connection"]).toBe("close");
});

test("a body that is broken is refused", async () => {
  const node = await start();
  const { code, message } = await node.postBody("/discovery/renew", "{", "application/json");
  expect([code, message]).toEqual([-400, "the body is not a JSON object"]);
});

test("a multipart body is read", async () => {
  const node = await start();
  const form = new FormData();
  for (const [name, value] of Object.entries(registerForm())) form.set(name, value as string);
  const response = new Response(form);
  const type = response.headers.get("content-type") as string;
  expect(
    (await node.postBody("/discovery/register", Buffer.from(await response.arrayBuffer()), type)).code,
  ).toBe(0);
  const refused = await node.postBody("/discovery/register", "--x", "multipart/form-data; boundary=y");
  expect(refused.code).toBe(-400);
});

test("a renew is answered with the instance, or with -404 without data", async () => {
  const node = await start();
  expect(await node.post("/discovery/renew", where)).toMatchObject({
    status: 200,
    code: -404,
    message: "renew: provider h1 (env dev, zone sh001) is not registered",
    data: undefined,
  });
  await node.register();
  await node.clock.advance(30_000);
  const { code, data } = await node.post("/discovery/renew", where);
  expect([code, data]).toEqual([0, await fetched(node)]);
});

test.each([
  ["1999", -409, "the copy here is newer"],
  ["2000", 0, "0"],
  ["2001", -404, "the sender's copy is newer: register it here"],
])(
  "a replicated renew of version %s, where 2000 is stored, is %d",
  async (dirty_timestamp, code, message) => {
    const node = await start();
    await node.register({ dirty_timestamp: "2000", replication: "true" });
    const reply = await node.post("/discovery/renew", { ...where, dirty_timestamp, replication: "true" });
    expect(reply).toMatchObject({ code, message, data: { hostname: "h1", dirty_timestamp: 2_000 } });
  },
);

test("a cancel removes the instance; a second one finds none", async () => {
  const node = await start();
  await node.register();
  expect((await node.post("/discovery/cancel", where)).text).toBe('{"code":0,"message":"0","ttl":1}');
  expect(await node.post("/discovery/cancel", where)).toMatchObject({
    code: -404,
    message: "cancel: provider h1 (env dev, zone sh001) is not registered",
  });
});

test.each([{ replication: "true" }, { replication: "false", from_zone: "true" }])(
  "a late cancel of a former life, from a node (%j), is done and removes nothing",
  async (origin) => {
    const node = await start();
    await node.register({ dirty_timestamp: "2000", ...origin });
    const late = { ...where, ...origin, latest_timestamp: "1999" };
    expect((await node.post("/discovery/cancel", late)).code).toBe(0);
    expect(await fetched(node)).toBeDefined();
  },
);

test("a cancel from a node of the original, with latest_timestamp=0, is one made now", async () => {
  const node = await start();
  await node.register({ replication: "true", dirty_timestamp: "2000" });
  const cancel = { ...where, replication: "true", from_zone: "true", latest_timestamp: "0" };
  expect((await node.post("/discovery/cancel", cancel)).code).toBe(0);
  expect(await fetched(node)).toBeUndefined();
});

test("a replicated register of a former life is answered -404", async () => {
  const node = await start();
  await node.register();
  await node.post("/discovery/cancel", where);
  expect(await node.register({ replication: "true", dirty_timestamp: "2000" })).toMatchObject({
    code: -404,
    message: "register: provider h1 (env dev, zone sh001) was cancelled since",
  });
});

test("a set changes status, metadata and color of several instances", async () => {
  const node = await start();
  await node.register();
  await node.register({ hostname: "h2" });
  const set = {
    ...where,
    hostname: ["h1", "h2"],
    status: "2,1",
    metadata: ['{"weight":20}', "{}"],
    color: ["red", "blue"],
  };
  expect((await node.post("/discovery/set", set)).code).toBe(0);
  const { data } = await node.get("/discovery/fetch", { env: "dev", appid: "provider", status: "3" });
  expect(data).toMatchObject({
    instances: {
      sh001: [
        { hostname: "h1", status: 2, metadata: { color: "red", weight: "20" } },
        { hostname: "h2", status: 1, metadata: { color: "blue", weight: "10" } },
      ],
    },
  });
});

test.each([
  [{ hostname: "" }, "parameter hostname is required"],
  [
    { hostname: ["h1", "h2"], status: "1" },
    "parameter status: 1 values for 2 host names; give none, or as many",
  ],
  [{ metadata: ["{}", "{}"] }, "parameter metadata: 2 values for 1 host names; give none, or as many"],
  [{ color: ["a", "b"] }, "parameter color: 2 values for 1 host names; give none, or as many"],
  [{ status: "0" }, "parameter status = 0: must be 1 (up) or 2 (waiting)"],
  [{ status: "3" }, "parameter status = 3: must be 1 (up) or 2 (waiting)"],
  [{ status: "up" }, 'parameter status = "up": must be a decimal integer of at most 64 bits'],
  [{ metadata: "{bad" }, 'parameter metadata = "{bad": must be a JSON object, for example {"weight":"10"}'],
])(
  "a set with %j is refused, and changes nothing",
  async (changes: Record<string, string | string[]>, message) => {
    const node = await start();
    await node.register();
    const before = await fetched(node);
    expect(await node.post("/discovery/set", { ...where, status: "2", ...changes })).toMatchObject({
      code: -400,
      message,
    });
    expect(await fetched(node)).toEqual(before);
  },
);

test.each([
  ["h2", "h2"],
  ["h1,h2,h3", "one of h1,h2,h3"],
  ["h1,h2,h3,h4,h5", "one of h1,h2,h3 and 2 more"],
])("a set of %s, of which only h1 is known, is -404 and changes nothing", async (hostname, shown) => {
  const node = await start();
  await node.register();
  const status = hostname.replace(/[^,]+/g, "2");
  expect(await node.post("/discovery/set", { ...where, hostname, status })).toMatchObject({
    code: -404,
    message: `set: provider ${shown} (env dev, zone sh001) is not registered`,
  });
  expect(await fetched(node)).toMatchObject({ status: 1 });
});

test("all answers to wrong parameters are HTTP 200 with the code in a header, too", async () => {
  const node = await start();
  for (const path of ["register", "renew", "cancel", "set"]) {
    const { status, headers, code } = await node.post(`/discovery/${path}`, {});
    expect([status, headers["kratos-status-code"], code]).toEqual([200, "-400", -400]);
  }
});
