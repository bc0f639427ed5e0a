import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { until } from "../testing/until";
import { readBody, skipBody } from "./body";
import { ReceivedRequest } from "./received-request";

const servers: Server[] = [];
const clients: Socket[] = [];

afterEach(() => {
  jest.restoreAllMocks();
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) server.close();
});

type Serve = (req: ReceivedRequest, res: ServerResponse) => void;

/** A server of such requests, and a connection to it. */
async function start(serve: Serve) {
  const server = createServer({ IncomingMessage: ReceivedRequest }, serve);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  clients.push(client);
  let received = "";
  client.setEncoding("latin1").on("data", (text: string) => (received += text));
  client.on("error", () => undefined);
  const answered = (text: string) => until(`it is answered ${text}`, () => received.endsWith(text));
  return { client, answered };
}

/** Answers what the body was, or why there is none. */
const echo: Serve = (req, res) =>
  readBody(req, 10, (error, body) => {
    if (error) res.setHeader("Connection", "close");
    res.end(`<${error?.message ?? body.toString()}>`);
  });

const post = (body: string, bytes = body.length) =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${body}`;

test("a body comes whole, whatever the pieces it was sent in", async () => {
  const { client, answered } = await start(echo);
  client.write(post("0123456789"));
  await answered("<0123456789>");
  const pieces = jest.spyOn(ReceivedRequest.prototype, "push");
  client.write(post("abc", 6));
  await until("a piece has come", () => pieces.mock.calls.length === 1);
  client.write("def");
  await answered("<abcdef>");
  client.write(
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ngh\r\n1\r\ni\r\n0\r\n\r\n",
  );
  await answered("<ghi>");
  client.write(post(""));
  await answered("<>");
});

test("a body that is too large is refused once, at its first byte too many", async () => {
  const told: string[] = [];
  const { client, answered } = await start((req, res) => {
    readBody(req, 10, (error) => {
      told.push(error?.message ?? "the whole body");
      // Late: what comes meanwhile must not be told of.
      setImmediate(() => setImmediate(() => res.setHeader("Connection", "close").end("<refused>")));
    });
  });
  client.write(post("0123456789a", 13));
  client.write("b");
  client.write("c");
  await answered("<refused>");
  expect(told).toEqual(["the body is larger than 10 bytes"]);
});

test("a body that has begun to come before it is asked for is read from its stream", async () => {
  const { client, answered } = await start((req, res) => {
    req.once("readable", () => echo(req, res));
  });
  client.write(post("abc", 6));
  client.write("def");
  await answered("<abcdef>");
});

test("a body that has come before it is asked for is read from its stream", async () => {
  const { client, answered } = await start((req, res) => {
    setImmediate(() => {
      expect(req.readBody({ piece: () => true, end: () => undefined })).toBe(false);
      echo(req, res);
    });
  });
  client.write(post("abc"));
  await answered("<abc>");
});

test("nothing is told of a body whose client goes before its end", async () => {
  const ended: string[] = [];
  let isGone = false;
  const { client } = await start((req, res) => {
    readBody(req, 10, () => ended.push("body"));
    res.once("close", () => (isGone = true));
  });
  client.write(post("abc", 6));
  client.end();
  await until("it has gone", () => isGone);
  expect(ended).toEqual([]);
});

test.each<[string, string, Serve]>([
  ["whose body was read", post("abc"), echo],
  [
    "whose body was skipped",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    (req, res) => {
      skipBody(req);
      res.end("<done>");
    },
  ],
  ["whose body nobody has asked for", post("abc"), (_req, res) => res.end("<done>")],
])("an idle connection does not hold on to a request %s", async (_what, sent, serve) => {
  let socket: (Socket & { parser?: { incoming: unknown } }) | undefined;
  const { client, answered } = await start((req, res) => {
    socket = req.socket;
    serve(req, res);
  });
  client.write(sent);
  await answered(">");
  await until("the parser has let it go", () => socket?.parser?.incoming === null);
});
