import { routes } from "@discoveryd/protocol";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020";
import { registerForm } from "../testing/builders";
import { useNodes, type Form, type Reply, type TestNode } from "../testing/use-node";
import { openapi } from "./testing/docs/openapi";

interface Operation {
  readonly operationId: string;
  readonly responses: {
    readonly "200": { readonly content: { readonly "application/json": { schema: object } } };
  };
}

const description = openapi() as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

const startNode = useNodes();

const APP = { env: "dev", appid: "provider" };
const KEY = { ...APP, zone: "sh001", hostname: "h1" };

/** Calls with answers of every form: good, empty, flat, refused. */
const calls: readonly (readonly [path: string, params: Form | readonly Form[]])[] = [
  [routes.register.path, registerForm()],
  [routes.register.path, { ...KEY, status: "3", addrs: "grpc://127.0.0.1:9" }],
  [routes.renew.path, KEY],
  [routes.renew.path, { ...KEY, hostname: "unknown" }],
  [routes.renew.path, { ...KEY, replication: "true", dirty_timestamp: "1" }],
  [routes.renews.path, [KEY, { ...KEY, hostname: "unknown" }, { ...KEY, hostname: "" }]],
  [routes.renews.path, {}],
  [routes.set.path, { ...KEY, color: "red" }],
  [routes.set.path, { ...KEY, status: "7" }],
  [routes.fetch.path, { ...APP, status: "3" }],
  [routes.fetch.path, { ...APP, status: "2" }],
  [routes.fetch.path, { ...APP, status: "3", shape: "flat" }],
  [routes.fetch.path, { ...APP, appid: "unknown", status: "3" }],
  [routes.fetch.path, {}],
  [routes.fetchs.path, { env: "dev", appid: ["provider", "unknown"], status: "1" }],
  [routes.fetchAll.path, {}],
  [routes.nodes.path, {}],
  [routes.poll.path, APP],
  [routes.poll.path, { ...APP, appid: "unknown" }],
  [routes.polls.path, { env: "dev", appid: ["provider", "unknown"], latest_timestamp: ["0", "0"] }],
  [routes.polls.path, { env: "dev", appid: ["provider"], latest_timestamp: "0", shape: "flat" }],
  [routes.polls.path, { env: "dev", appid: ["provider", "unknown"], latest_timestamp: "0" }],
  [routes.cancel.path, KEY],
  [routes.cancel.path, KEY],
  [routes.register.path, registerForm({ replication: "true", dirty_timestamp: "1" })],
];

test("every answer of a registry fits its description", async () => {
  const node = await startNode();
  const wrong: object[] = [];
  for (const [path, params] of calls) {
    const reply = await send(node, path, params);
    const validate = answerSchema(path);
    if (!validate(JSON.parse(reply.text))) wrong.push({ path, text: reply.text, errors: validate.errors });
  }
  expect(wrong).toEqual([]);
});

test("the calls of the test above reach every route but those between nodes", () => {
  const reached = new Set(calls.map(([path]) => path));
  const clients = Object.values(routes).filter((route) => !("fromPeers" in route));
  expect(clients.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
});

test("the description refuses an answer that is wrong", () => {
  const validate = answerSchema(routes.fetch.path);
  const data = { instances: { sh001: null }, latest_timestamp: 1 };
  expect(validate({ code: 0, message: "0", ttl: 1, data })).toBe(false);
  expect(
    validate({ code: 0, message: "0", ttl: 1, data: { ...data, instances: {}, latest_timestamp: "1" } }),
  ).toBe(false);
  expect(validate({ code: -304, message: "-304", ttl: 1 })).toBe(false);
});

test("every reference in the description leads somewhere, and operations have names of their own", () => {
  const references = [...JSON.stringify(description).matchAll(/"#\/components\/schemas\/(\w+)"/g)];
  const schemas = description.components.schemas;
  expect(references.map(([, name]) => name as string).filter((name) => !(name in schemas))).toEqual([]);
  const names = Object.values(description.paths).flatMap((item) =>
    Object.values(item).map((of) => of.operationId),
  );
  expect(new Set(names).size).toBe(names.length);
});

function send(node: TestNode, path: string, params: Form | readonly Form[]): Promise<Reply> {
  if (isList(params)) return node.postBody(path, JSON.stringify(params), "application/json");
  return "get" in (description.paths[path] as object) ? node.get(path, params) : node.post(path, params);
}

function isList(params: Form | readonly Form[]): params is readonly Form[] {
  return Array.isArray(params);
}

const ajv = new Ajv2020({ formats: { int64: true }, keywords: ["components"], allowUnionTypes: true });

/** Checks an answer of the route; `errors` says what is wrong. */
function answerSchema(path: string): ValidateFunction {
  const known = ajv.getSchema(path);
  if (known) return known;
  const [operation] = Object.values(description.paths[path] as Record<string, Operation>) as [Operation];
  const { schema } = operation.responses["200"].content["application/json"];
  return ajv.compile({ $id: path, ...schema, components: description.components });
}
