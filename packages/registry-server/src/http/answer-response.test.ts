import type { IncomingMessage } from "node:http";
import { createServer, ServerResponse, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CodedError } from "@discoveryd/protocol";
import { errorAnswer, sendAnswer } from "./answer";
import { AnswerHeads, AnswerResponse } from "./answer-response";

const KEEP_ALIVE_MS = 150_000;
const servers: Server[] = [];

afterEach(() => {
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
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test.each([
  ["one request", GET, ok],
  ["several on one connection", GET.repeat(3), ok],
  ["a client that closes", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ok],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ok],
  ["HTTP/1.0 that keeps the connection", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok],
  ["an error", GET, (res: ServerResponse) => sendAnswer(res, errorAnswer(new CodedError(-400, "Zoë")))],
  ["a shared buffer", GET, (res: ServerResponse) => sendAnswer(res, { code: 0, body: Buffer.from("{}") })],
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

test("heads are written by us where this Node keeps them", async () => {
  const write = jest.spyOn(AnswerHeads.prototype, "write");
  await exchange(await serve(Answering as unknown as typeof ServerResponse, ok), GET);
  expect(write).toHaveBeenCalledTimes(1);
});
