import type { IncomingMessage } from "node:http";
import { createServer, ServerResponse, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CodedError } from "@discoveryd/protocol";
import { SharedBytes } from "../registry/shared-bytes";
import { errorAnswer, sendAnswer } from "./answer";
import { AnswerHeads } from "./answer-heads";
import { AnswerResponse } from "./answer-response";

const KEEP_ALIVE_MS = 150_000;
const servers: Server[] = [];

afterEach(() => {
  jest.restoreAllMocks();
  for (const server of servers.splice(0)) server.close();
});

/** A server whose responses are of this class, and answer as `answer` says. */
async function serve(
  Response: typeof ServerResponse,
  answer: (res: ServerResponse) => void,
): Promise<number> {
  const server = createServer({ ServerResponse: Response }, (_req, res) => answer(res));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** All that is answered to what is sent, but for the dates. */
async function exchange(port: number, sent: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.end(sent);
  return (await text(socket)).replace(
    /Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/g,
    "Date: *",
  );
}

class Answering extends AnswerResponse<IncomingMessage> {}
Object.defineProperty(Answering.prototype, "heads", { value: new AnswerHeads(KEEP_ALIVE_MS) });

const ok = (res: ServerResponse) => sendAnswer(res, { code: 0, body: "{}" });
const small = { code: 0, body: new SharedBytes(Buffer.from("{}")) } as const;
const large = { code: 0, body: new SharedBytes(Buffer.from(`"${"ä".repeat(20_000)}"`)) } as const;
const GZIP = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n";
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test.each([
  ["one request", GET, ok],
  ["several on one connection", GET.repeat(3), ok],
  ["a client that closes", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ok],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ok],
  ["HTTP/1.0 that keeps the connection", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok],
  ["an error", GET, (res: ServerResponse) => sendAnswer(res, errorAnswer(new CodedError(-400, "Zoë")))],
  ["bytes", GET, (res: ServerResponse) => sendAnswer(res, { code: 0, body: Buffer.from("{}") })],
  ["bytes that many are sent", GET.repeat(3), (res: ServerResponse) => sendAnswer(res, small)],
  ["many bytes", GET.repeat(2), (res: ServerResponse) => sendAnswer(res, large)],
  ["many bytes to a client that takes gzip", GZIP.repeat(2), (res: ServerResponse) => sendAnswer(res, large)],
  ["few bytes to a client that takes gzip", GZIP, (res: ServerResponse) => sendAnswer(res, small)],
  [
    "the last answer to a client that takes gzip",
    GZIP,
    (res: ServerResponse) => sendAnswer(res, large, true),
  ],
  [
    "the last answer of a connection",
    GET,
    (res: ServerResponse) => sendAnswer(res, { code: 0, body: "{}" }, true),
  ],
  ["what is no answer", GET, (res: ServerResponse) => res.writeHead(404, { "Content-Length": 2 }).end("{}")],
])("to the byte what Node itself answers: %s", async (_what, sent, answer) => {
  const [own, node] = await Promise.all([
    serve(Answering as unknown as typeof ServerResponse, answer),
    serve(ServerResponse, answer),
  ]);
  const expected = await exchange(node, sent);
  expect(expected).toContain("Date: *");
  expect(await exchange(own, sent)).toBe(expected);
});

test("the date is that of the second", () => {
  let now = 1_795_342_003_214;
  const heads = new AnswerHeads(KEEP_ALIVE_MS, { now: () => now });
  expect(heads.write(0, 2)).toContain("Date: Sun, 22 Nov 2026 10:06:43 GMT\r\n");
  now += 1_000;
  expect(heads.write(0, 2)).toContain("Date: Sun, 22 Nov 2026 10:06:44 GMT\r\n");
});

test("what many are sent is put behind its head once a second", () => {
  let now = 1_795_342_003_214;
  const heads = new AnswerHeads(KEEP_ALIVE_MS, { now: () => now });
  const body = Buffer.from("{}");
  const packet = () => heads.packet(heads.write(0, body.length), body);
  const first = packet();
  expect(first.toString()).toBe(`${heads.write(0, 2)}{}`);
  expect(packet()).toBe(first);
  now += 1_000;
  expect(packet().toString()).toBe(`${heads.write(0, 2)}{}`);
});

test("a response is over when its answer was sent, and Node knows it", async () => {
  const events: string[] = [];
  const port = await serve(Answering as unknown as typeof ServerResponse, (res) => {
    for (const event of ["prefinish", "finish", "close"]) res.once(event, () => events.push(event));
    ok(res);
    expect([res.headersSent, res.writableEnded, res.statusCode]).toEqual([true, true, 200]);
    // Nothing more can be said.
    res.on("error", () => events.push("error")).end("more");
  });
  await exchange(port, GET);
  expect(events.sort()).toEqual(["close", "error", "finish", "prefinish"]);
});

test("a response is finished when its answer was sent", async () => {
  const found: boolean[] = [];
  const port = await serve(Answering as unknown as typeof ServerResponse, (res) => {
    for (const event of ["finish", "close"]) res.once(event, () => found.push(res.writableFinished));
    ok(res);
  });
  await exchange(port, GET);
  expect(found).toEqual([true, true]);
});

test("heads are written by us where this Node keeps them", async () => {
  const write = jest.spyOn(AnswerHeads.prototype, "write");
  await exchange(await serve(Answering as unknown as typeof ServerResponse, ok), GET);
  expect(write).toHaveBeenCalledTimes(1);
});
