import { key } from "../testing/builders";
import { useNodes, type TestNode } from "../testing/use-node";

const start = useNodes();

const other = { ...key, hostname: "h2" };
const unknown = { ...key, hostname: "h3" };

function renews(node: TestNode, keys: unknown) {
  return node.postBody("/discovery/renews", JSON.stringify(keys), "application/json");
}

async function startWithTwo(options: Parameters<typeof start>[0] = {}): Promise<TestNode> {
  const node = (await start(options)) as TestNode;
  await node.register();
  await node.register({ hostname: "h2" });
  return node;
}

test("renews every instance of a list, and answers a code for each and no instance", async () => {
  const node = await startWithTwo();
  await node.clock.advance(30_000);
  const { text } = await renews(node, [key, other]);
  expect(text).toBe('{"code":0,"message":"0","ttl":1,"data":[{"code":0},{"code":0}]}');
  for (const instance of [key, other]) {
    expect(node.server.registry.find(instance)?.renewedAt).toBe(node.clock.monotonic());
  }
});

test("one that is not registered is -404, in its place; the others are renewed", async () => {
  const node = await startWithTwo();
  await node.clock.advance(30_000);
  const { code, data } = await renews(node, [key, unknown, other]);
  expect(code).toBe(0);
  expect(data).toEqual([{ code: 0 }, { code: -404 }, { code: 0 }]);
  expect(node.server.registry.find(other)?.renewedAt).toBe(node.clock.monotonic());
});

test.each<[string, unknown, string]>([
  ["no object", 7, "env"],
  ["null", null, "env"],
  ["a list", [], "env"],
  ["no env", { ...unknown, env: undefined }, "env"],
  ["an empty host name", { ...unknown, hostname: "" }, "hostname"],
  ["a number as zone", { ...unknown, zone: 7 }, "parameter zone = 7: must be text"],
  ["a name with a comma", { ...unknown, appid: "a,b" }, "no control character and no comma"],
  ["a name that is too long", { ...unknown, hostname: "h".repeat(256) }, "at most 255 bytes"],
])("one that can be no instance, %s, is -400 and why; the others are renewed", async (_what, wrong, why) => {
  const node = await startWithTwo();
  const { data } = await renews(node, [wrong, key]);
  expect(data).toEqual([{ code: -400, message: expect.stringContaining(why) as string }, { code: 0 }]);
});

test("an empty list is answered with one", async () => {
  expect((await renews(await startWithTwo(), [])).data).toEqual([]);
});

test.each([
  ["", "the body is not JSON"],
  ["[", "the body is not JSON"],
  ["{}", "the body is not a JSON list"],
])("a body %j is -400", async (body, message) => {
  const node = await startWithTwo();
  expect(await node.postBody("/discovery/renews", body)).toMatchObject({ code: -400, message });
});

test("more instances than the limit are -400, which names it, and none is renewed", async () => {
  const node = await startWithTwo({ config: { maxRenewals: 1 } });
  const before = node.server.registry.find(key)?.renewTimestamp;
  expect(await renews(node, [key, other])).toMatchObject({
    code: -400,
    message: "the body: 2 instances, at most 1 (limits.renewals)",
  });
  expect(node.server.registry.find(key)?.renewTimestamp).toBe(before);
});

test("the body is bounded as any client's", async () => {
  const node = await startWithTwo({ config: { maxBodyBytes: 64 } });
  expect(await renews(node, [key])).toMatchObject({
    code: -400,
    message: "the body is larger than 64 bytes",
  });
});

test("a GET is refused as on any route", async () => {
  expect((await (await start()).get("/discovery/renews")).status).toBe(405);
});

test("is logged at debug, and at warn when one is not registered, with the first of them", async () => {
  const node = await startWithTwo({ config: { logLevel: "debug" } });
  await renews(node, [key, other]);
  await renews(node, [key, unknown]);
  const lines = node.logs.filter(({ path }) => path === "/discovery/renews");
  expect(lines).toMatchObject([
    { level: 20, msg: "0", ret: 0 },
    { level: 40, msg: "1 of 2 are not registered, the first provider h3 (env dev, zone sh001)", ret: 0 },
  ]);
});

test("counts as renewals for self-preservation, and those that are not registered as unknown", async () => {
  const node = await startWithTwo();
  await renews(node, [key, other, unknown]);
  expect(node.server.registry.judge().renewals).toBe(2);
  expect((await node.get("/metrics")).text).toMatch(/^discoveryd_unknown_renewals_total 1$/m);
});
