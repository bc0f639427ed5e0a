import type { IncomingMessage } from "node:http";
import { createServer, ServerResponse, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { AnswerHeads, AnswerResponse } from "./answer-response";

const KEEP_ALIVE_MS = 150_000;
const HEADERS = ["Content-Type", "application/json; charset=utf-8", "Content-Length", "2", "X-Code", "0"];

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

const ok = (res: ServerResponse) => res.writeHead(200, HEADERS).end("{}");

test.each([
  ["one request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", ok],
  ["several on one connection", "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3), ok],
  ["a client that closes", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ok],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", ok],
  ["HTTP/1.0 that keeps the connection", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ok],
  [
    "the last answer of a connection",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    (res: ServerResponse) => res.writeHead(200, [...HEADERS, "Connection", "close"]).end("{}"),
  ],
  [
    "another status",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    (res: ServerResponse) => res.writeHead(404, HEADERS).end("{}"),
  ],
  [
    "headers as an object",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    (res: ServerResponse) => res.writeHead(200, { "Content-Length": 2 }).end("{}"),
  ],
  ["no headers", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", (res: ServerResponse) => res.end("{}")],
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
  expect(heads.write([])).toContain("Date: Sun, 22 Nov 2026 10:06:43 GMT\r\n");
  now += 1_000;
  expect(heads.write([])).toContain("Date: Sun, 22 Nov 2026 10:06:44 GMT\r\n");
});

test("heads are written by us where this Node keeps them", async () => {
  const write = jest.spyOn(AnswerHeads.prototype, "write");
  await exchange(
    await serve(Answering as unknown as typeof ServerResponse, ok),
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  );
  expect(write).toHaveBeenCalledTimes(1);
});
