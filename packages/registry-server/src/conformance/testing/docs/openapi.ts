import { codeText, codes, TIMEOUT_HEADER, type Param, type Route } from "@discoveryd/protocol";
import { settings } from "../../../settings";
import { allRoutes, kinds } from "./protocol-sections";
import { components, refTo, type JsonObject } from "./openapi-schemas";

/** The protocol as an OpenAPI 3.1 description: made from the table of routes, for tools that read such. */
export function openapi(): JsonObject {
  return {
    openapi: "3.1.0",
    info: {
      title: "discoveryd",
      version: "1",
      summary: "A service registry over HTTP with long polls",
      description:
        "Under /discovery/ every answer is HTTP 200; the outcome is `code` in the body. A parameter of a POST may stand in " +
        "the body or in the query, and lists may be repeated or joined by commas: docs/protocol.md says it all.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "http://127.0.0.1:7171" }],
    paths: {
      ...Object.fromEntries(allRoutes().map((route) => [route.path, pathItem(route)])),
      ...plainPaths(),
    },
    components,
  };
}

function pathItem(route: Route): JsonObject {
  const { name, method, doc, body } = route;
  const operation = {
    operationId: name.replace("/", "_"),
    summary: doc,
    tags: [isBetweenNodes(route) ? "nodes" : route.read ? "read" : "write"],
    parameters: method === "GET" || body === "json" ? queryParameters(route) : [],
    ...(method === "POST" && { requestBody: body === "json" ? listBody(route) : formBody(route) }),
    responses: { "200": answerOf(route) },
  };
  return { [method.toLowerCase()]: operation };
}

function isBetweenNodes({ fromPeers }: Route): boolean {
  return fromPeers === true;
}

function queryParameters({ name, params }: Route): JsonObject[] {
  const query = Object.entries(params).map(([param, of]) => ({
    name: param,
    in: "query",
    description: descriptionOf(of),
    required: of.required,
    schema: schemaOf(of),
  }));
  return name.startsWith("poll") ? [...query, timeoutHeader()] : query;
}

function timeoutHeader(): JsonObject {
  return {
    name: TIMEOUT_HEADER,
    in: "header",
    description: "How many milliseconds the client waits: the answer leaves 20 ms before that.",
    schema: { type: "integer", minimum: 1 },
    example: 500,
  };
}

function formBody({ params }: Route): JsonObject {
  const schema = {
    type: "object",
    required: Object.keys(params).filter((name) => (params[name] as Param).required),
    properties: Object.fromEntries(
      Object.entries(params).map(([name, of]) => [name, { description: descriptionOf(of), ...schemaOf(of) }]),
    ),
  };
  const types = ["application/x-www-form-urlencoded", "multipart/form-data", "application/json"];
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function listBody(route: Route): JsonObject {
  const schema = {
    type: "array",
    ...(!isBetweenNodes(route) && { items: refTo("InstanceKey"), maxItems: settings.maxRenewals.default }),
  };
  return { required: true, content: { "application/json": { schema } } };
}

function descriptionOf({ doc, kind, fromPeer }: Param): string {
  return `${doc} (${kinds[kind]}${fromPeer ? "; from nodes only" : ""})`;
}

/** What a client should send; discoveryd takes more, as docs/protocol.md says. */
function schemaOf({ kind, required }: Param): JsonObject {
  const text = {
    type: "string",
    maxLength: settings.maxNameBytes.default,
    pattern: "^[^\\u0000-\\u001f\\u007f-\\u009f,]*$",
  };
  const minimum = required ? { minItems: 1 } : {};
  const schemas = {
    text: required ? { ...text, minLength: 1 } : text,
    texts: {
      type: "array",
      items: { ...text, minLength: 1 },
      maxItems: settings.maxAppids.default,
      ...minimum,
    },
    addrs: { type: "array", items: refTo("Address"), maxItems: settings.maxAddrs.default, ...minimum },
    number: refTo("Status"),
    numbers: { type: "array", items: refTo("Status") },
    timestamp: refTo("Timestamp"),
    timestamps: { type: "array", items: refTo("Timestamp") },
    flag: { type: "boolean" },
    metadata: refTo("MetadataText"),
    metadatas: { type: "array", items: refTo("MetadataText") },
  };
  return schemas[kind];
}

/** Every code of the route in one answer: the HTTP status does not tell them apart. */
function answerOf(route: Route): JsonObject {
  const answered = [codes.ok, codes.badRequest, codes.internal, ...route.codes];
  const envelope = {
    type: "object",
    required: ["code", "message", "ttl"],
    properties: {
      code: { enum: answered },
      message: { type: "string" },
      ttl: { const: 1 },
      ...dataOf(route),
    },
    additionalProperties: false,
  };
  return {
    description: answered.map((code) => `${code}: ${codeText(code)}`).join("; "),
    headers: {
      "kratos-status-code": { description: "The code again.", required: true, schema: { type: "string" } },
    },
    content: { "application/json": { schema: envelope } },
  };
}

function dataOf({ name }: Route): { readonly [key: string]: JsonObject } {
  const info = { anyOf: [refTo("InstancesInfo"), refTo("FlatInstancesInfo")] };
  const byAppid = (schema: JsonObject) => ({ type: "object", additionalProperties: schema });
  const missing = {
    type: "object",
    properties: { "-404": { type: ["array", "null"], items: { type: "string" } } },
  };
  const data: { readonly [key: string]: JsonObject } = {
    renew: refTo("Instance"),
    renews: { type: "array", items: refTo("Outcome") },
    fetch: info,
    fetchs: byAppid(info),
    "fetch/all": byAppid({ type: "array", items: refTo("Instance") }),
    poll: info,
    polls: byAppid(info),
    nodes: { type: "array", items: refTo("Node") },
    replicate: {},
    digests: {},
    exchange: {},
  };
  const found = data[name];
  return { ...(found && { data: found }), ...(name === "polls" && { error: missing }) };
}

function plainPaths(): { readonly [key: string]: JsonObject } {
  const text = (description: string) => ({
    description,
    content: { "text/plain": { schema: { type: "string" } } },
  });
  const get = (operationId: string, summary: string, responses: JsonObject) => ({
    get: { operationId, summary, tags: ["operations"], responses },
  });
  return {
    "/healthz": get("healthz", "The process is alive.", { "200": text("ok") }),
    "/readyz": get("readyz", "It should get traffic: the first sync is done, it is not shutting down.", {
      "200": text("ok"),
      "503": text("why not"),
    }),
    "/metrics": get("metrics", "Prometheus text.", { "200": text("the metrics") }),
  };
}
