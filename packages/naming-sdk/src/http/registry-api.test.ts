import type { ServerResponse } from "node:http";
import { CodedError, codes } from "@discoveryd/protocol";
import fc from "fast-check";
import { answer, type FakeRegistry } from "../testing/fake-registry";
import { instanceWith } from "../testing/builders";
import { useClosing, useRegistries } from "../testing/fixtures";
import { RegistryApi } from "./registry-api";
import { Transport } from "./transport";

const closing = useClosing();
const registries = useRegistries();
let registry: FakeRegistry;
let api: RegistryApi;

beforeEach(async () => {
  registry = await registries.start();
  api = new RegistryApi({ transport: closing(new Transport()), hostname: "caller-1" });
});

/** Answers every request with this. */
function answerWith(code: number, data?: string, message?: string): void {
  registry.lie = (_request, response) => {
    answer(response, code, data, message);
    return true;
  };
}

const instance = instanceWith({
  addrs: ["grpc://127.0.0.1:9000", "http://127.0.0.1:8000"],
  metadata: new Map([["note", 'a,b&c="d"']]),
  version: "v1",
});

test("register sends every field, lists repeated and metadata as JSON", async () => {
  await api.register(registry.origin, instance);
  expect([...(registry.requests[0]?.params ?? [])]).toEqual([
    ["region", "region01"],
    ["zone", "zone01"],
    ["env", "dev"],
    ["appid", "demo.service"],
    ["hostname", "host-1"],
    ["addrs", "grpc://127.0.0.1:9000"],
    ["addrs", "http://127.0.0.1:8000"],
    ["version", "v1"],
    ["metadata", '{"note":"a,b&c=\\"d\\""}'],
    ["status", "1"],
  ]);
});

test("what the registry does not know is missing to renew, cancel and set", async () => {
  await expect(api.renew(registry.origin, instance)).resolves.toBe("missing");
  await expect(api.cancel(registry.origin, instance)).resolves.toBe("missing");
  await expect(api.set(registry.origin, instance, { status: 2 })).resolves.toBe("missing");
  registry.put("demo.service", "host-1");
  await expect(api.renew(registry.origin, instance)).resolves.toBe("ok");
  await expect(api.set(registry.origin, instance, { metadata: new Map([["a", "b"]]) })).resolves.toBe("ok");
  await expect(api.cancel(registry.origin, instance)).resolves.toBe("ok");
});

test("renews sends the keys as a list, and reads a code for each", async () => {
  registry.put("demo.service", "host-1");
  const keys = [instance, { ...instance, hostname: "host-2" }];
  await expect(api.renews(registry.origin, keys)).resolves.toEqual(["ok", "missing"]);
  const key = { env: "dev", appid: "demo.service", zone: "zone01", hostname: "host-1" };
  expect(registry.requests[0]?.body).toBe(JSON.stringify([key, { ...key, hostname: "host-2" }]));
});

test("an instance that the registry refuses to renew is an error of its own", async () => {
  answerWith(0, '[{"code":0},{"code":-400,"message":"parameter zone: wrong"},{"code":-12345}]');
  const [ok, refused, odd] = await api.renews(registry.origin, [instance, instance, instance]);
  expect(ok).toBe("ok");
  expect(refused).toMatchObject({
    code: codes.badRequest,
    message: `renews of 3 instances at ${registry.origin}: parameter zone: wrong (code -400)`,
  });
  expect(odd).toMatchObject({ code: codes.internal });
});

test.each<[string, (response: ServerResponse) => void]>([
  ["HTTP 404", (response) => response.writeHead(404).end("404 page not found")],
  ["HTTP 405", (response) => response.writeHead(405).end()],
  ["an HTTP 502 page", (response) => response.writeHead(502).end("<h1>Bad Gateway</h1>")],
  ["-400", (response) => answer(response, -400)],
  ["no data", (response) => answer(response, 0)],
  ["fewer codes than were asked for", (response) => answer(response, 0, '[{"code":0}]')],
  ["what is no code", (response) => answer(response, 0, '[{"code":0},{"code":"0"}]')],
  ["null", (response) => answer(response, 0, '[{"code":0},null]')],
  ["garbage", (response) => response.end("garbage")],
])("a node that answers %s to a list takes none", async (_what, reply) => {
  registry.lie = (_request, response) => {
    reply(response);
    return true;
  };
  await expect(api.renews(registry.origin, [instance, instance])).resolves.toBe("unsupported");
});

test("a list that nobody answers is an error", async () => {
  await registry.stop();
  await expect(api.renews(registry.origin, [instance, instance])).rejects.toThrow(
    `renews of 2 instances at ${registry.origin}: connect ECONNREFUSED`,
  );
});

test("a set sends only what changes", async () => {
  registry.put("demo.service", "host-1");
  await api.set(registry.origin, instance, { status: 2 });
  const { params } = registry.requests[0] ?? {};
  expect(params?.getAll("status")).toEqual(["2"]);
  expect(params?.has("metadata")).toBe(false);
});

test("a refusal carries the registry's code and message, and says what was being done", async () => {
  answerWith(-400, undefined, "parameter addrs: wrong");
  const refused = api.register(registry.origin, instance);
  await expect(refused).rejects.toThrow(
    `register demo.service/host-1 at ${registry.origin}: parameter addrs: wrong (code -400)`,
  );
  await expect(refused).rejects.toMatchObject({ code: codes.badRequest });
});

test("a code that no table has is an unexpected error", async () => {
  answerWith(-12345, undefined, "odd");
  await expect(api.renew(registry.origin, instance)).rejects.toMatchObject({ code: codes.internal });
});

test("a failure names call, apps and node, and keeps its cause", async () => {
  await registry.stop();
  const failed = api.fetchs(registry.origin, "dev", ["a", "b", "c", "d"]);
  await expect(failed).rejects.toThrow(`fetchs a, b and 2 more at ${registry.origin}: connect ECONNREFUSED`);
  await expect(failed).rejects.toBeInstanceOf(CodedError);
  await expect(failed).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
});

test.each(["", "<html>", '{"code":0,"data":{"a":', "null", "[]", '{"message":"0"}'])(
  "an answer %j is an error",
  async (body) => {
    registry.lie = (_request, response) => {
      response.end(body);
      return true;
    };
    await expect(api.fetchs(registry.origin, "dev", ["a"])).rejects.toMatchObject({ code: codes.internal });
  },
);

test.each([undefined, "null", "[]", "7"])("apps answered with data %s are an error", async (data) => {
  answerWith(0, data);
  await expect(api.fetchs(registry.origin, "dev", ["a"])).rejects.toThrow("data is not an object of apps");
});

test("one app that cannot be read does not hide the others", async () => {
  answerWith(0, '{"bad":null,"worse":{"instances":[]},"good":{"instances":{},"latest_timestamp":1000}}');
  const { apps, unreadable } = await api.fetchs(registry.origin, "dev", ["bad", "worse", "good"]);
  expect([...apps]).toEqual([["good", { instances: new Map(), lastTs: 1_000n }]]);
  expect([...unreadable.keys()]).toEqual(["bad", "worse"]);
});

test("fetchs asks for what is up, in the env given", async () => {
  await api.fetchs(registry.origin, "prod", ["a", "b"]);
  expect(registry.requests[0]?.params.toString()).toBe("env=prod&appid=a&appid=b&status=1");
});

test("polls sends a timestamp for each app, and asks for empty apps too", async () => {
  registry.put("b", "host-1");
  await api.polls(
    registry.origin,
    "dev",
    new Map([
      ["a", 7n],
      ["b", 0n],
    ]),
  );
  expect(registry.requests[0]?.params.toString()).toBe(
    "env=dev&appid=a&appid=b&latest_timestamp=7&latest_timestamp=0&hostname=caller-1&empty=true",
  );
});

test("-304 is no error to polls", async () => {
  answerWith(-304);
  await expect(api.polls(registry.origin, "dev", new Map([["a", 0n]]))).resolves.toBe("unchanged");
});

test("a timestamp comes back to the registry with the digits it was told in", async () => {
  await fc.assert(
    fc.asyncProperty(fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), async (timestamp) => {
      answerWith(0, `{"a":{"instances":{},"latest_timestamp":${timestamp}}}`);
      const { apps } = await api.fetchs(registry.origin, "dev", ["a"]);
      const lastTs = apps.get("a")?.lastTs ?? 0n;
      expect(lastTs).toBe(timestamp);
      await api.polls(registry.origin, "dev", new Map([["a", lastTs]]));
      expect(registry.requests.at(-1)?.params.get("latest_timestamp")).toBe(String(timestamp));
    }),
    { seed: 1, numRuns: 200 },
  );
});
