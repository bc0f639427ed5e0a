import { HttpFace } from "@discoveryd/demo-kit";
import { CodedError, codes } from "@discoveryd/protocol";
import pino from "pino";
import { Registry } from "prom-client";
import { request } from "undici";
import { sayHello } from "./say-hello";

const faces: HttpFace[] = [];

afterEach(async () => {
  await Promise.all(faces.splice(0).map((face) => face.close()));
});

/** What `GET /say_hello` answers to a query, with `hello` in the place of the server. */
async function ask(
  query: string,
  hello = (name: string) => Promise.resolve({ content: `<${name}>`, servedBy: "a" }),
) {
  const logger = pino({ enabled: false });
  const face = new HttpFace({
    address: { host: "127.0.0.1", port: 0 },
    addressChangedBy: "http.toml",
    metrics: new Registry(),
    logger,
    routes: (app) => app.get("/say_hello", sayHello({ hello, logger })),
  });
  faces.push(face);
  const { port } = await face.start();
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}/say_hello${query}`);
  return { status: statusCode, headers, text: await body.text() };
}

test("the answer is an envelope with the greeting and who gave it", async () => {
  const { status, headers, text } = await ask("?name=Ada");
  expect(text).toBe('{"code":0,"message":"0","ttl":1,"data":{"content":"<Ada>","served_by":"a"}}');
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(headers["kratos-status-code"]).toBe("0");
});

test.each([
  ["without a name", "", ""],
  ["with an empty name", "?name=", ""],
  ["with a name beyond ASCII", "?name=%E4%BD%A0%22", '你\\"'],
  ["with several names, of which the first counts", "?name=Ada&name=Eve", "Ada"],
  ["with a name of the greatest length", `?name=${"%F0%9F%8E%89".repeat(100)}`, "🎉".repeat(100)],
])("it asks the server %s", async (_, query, name) => {
  expect((await ask(query)).text).toContain(`"content":"<${name}>"`);
});

test("a name too long is a -400 that names the limit", async () => {
  const { status, text } = await ask(`?name=${"a".repeat(101)}`);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toMatchObject({
    code: -400,
    message: expect.stringMatching(/^parameter name = .*at most 100 characters are greeted$/) as string,
  });
});

test("a server that does not answer is its code, in HTTP 200", async () => {
  const { status, headers, text } = await ask("", () =>
    Promise.reject(new CodedError(codes.unavailable, "demo.service: no instance")),
  );
  expect(text).toBe('{"code":-503,"message":"demo.service: no instance","ttl":1}');
  expect(status).toBe(200);
  expect(headers["kratos-status-code"]).toBe("-503");
});

test("anything else that goes wrong is -500", async () => {
  const { text } = await ask("", () => Promise.reject(new TypeError("odd")));
  expect(text).toBe('{"code":-500,"message":"odd","ttl":1}');
});
