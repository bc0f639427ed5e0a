import { FakeClock } from "@discoveryd/runtime/testing";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { connect, type ClientHttp2Session } from "node:http2";
import { createConnection } from "node:net";
import { eventually } from "../testing/echo-client";
import { echo, EchoService, UNARY, type EchoServer } from "../testing/typed-echo";
import { drain } from "./drain";
import { listen } from "./listener";

/** A listening server whose one method answers when it is told to. */
async function useListening() {
  const server = new Server();
  let answer: (() => void) | undefined;
  const unary: EchoServer["unary"] = (call, callback) => void (answer = () => callback(null, call.request));
  server.addService(EchoService, echo({ unary }));
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listen({ kind: "tcp", host: "127.0.0.1", port: 0 }, (socket) =>
    injector.injectConnection(socket),
  );
  const { port } = listener.address as { port: number };
  return { server, injector, listener, port, answerOf: () => answer };
}

/** A server with one raw HTTP/2 client, which has a call open. */
async function useOpenCall() {
  const { server, injector, listener, port, answerOf } = await useListening();
  const session: ClientHttp2Session = connect(`http://127.0.0.1:${port}`);
  const goaways: number[] = [];
  session.on("error", () => undefined);
  session.on("goaway", (_code, lastStream: number) => goaways.push(lastStream));
  const stream = session.request({
    ":method": "POST",
    ":path": UNARY,
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => undefined);
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  let status: unknown;
  stream.on("trailers", (trailers) => (status = trailers["grpc-status"]));
  stream.resume();
  await eventually(() => answerOf() !== undefined);
  listener.close();
  return { server, injector, session, goaways, answer: () => answerOf()?.(), statusOf: () => status };
}

test("a client is told to go elsewhere before anything is refused, and its open call finishes", async () => {
  const clock = new FakeClock();
  const { server, session, goaways, answer, statusOf } = await useOpenCall();
  const drained = drain(server, { graceMs: 10_000, clock });
  // The second word names the last stream that is served: the call's, as no other was opened.
  await eventually(() => goaways.length === 2);
  expect(goaways).toEqual([2 ** 31 - 1, 1]);
  answer();
  await eventually(() => statusOf() === "0");
  session.destroy();
  await drained;
  expect(clock.pending).toBe(0);
});

test("a client that does not answer the notice is waited for half a second", async () => {
  const clock = new FakeClock();
  const { server, listener, port } = await useListening();
  const socket = createConnection(port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  let greeted = false;
  socket.on("data", () => (greeted = true));
  // The preface of HTTP/2, and settings without any.
  socket.write(
    Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ]),
  );
  await eventually(() => greeted);
  listener.close();
  const drained = drain(server, { graceMs: 10_000, clock });
  await clock.advance(499);
  expect(socket.closed).toBe(false);
  await clock.advance(1);
  await Promise.all([drained, closed]);
  expect(clock.pending).toBe(0);
});

test("a call still open after the grace is cut", async () => {
  const clock = new FakeClock();
  const { server, session, goaways } = await useOpenCall();
  const drained = drain(server, { graceMs: 10_000, clock });
  await eventually(() => goaways.length === 2);
  await clock.advance(10_000);
  await drained;
  await eventually(() => session.destroyed);
  expect(clock.pending).toBe(0);
});

test("an open call is waited for on a connection that was closing already", async () => {
  const clock = new FakeClock();
  const { server, injector, session, goaways, answer, statusOf } = await useOpenCall();
  // As at the end of its age, or by the http2 server itself, which closes its connections since Node 24.
  injector.drain(10_000);
  let isDrained = false;
  const drained = drain(server, { graceMs: 10_000, clock }).then(() => (isDrained = true));
  await eventually(() => goaways.length > 0);
  expect(isDrained).toBe(false);
  answer();
  await eventually(() => statusOf() === "0");
  session.destroy();
  await drained;
  expect(clock.pending).toBe(0);
});

test("a server without connections is drained at once", async () => {
  const clock = new FakeClock();
  await drain(new Server(), { graceMs: 10_000, clock });
  expect(clock.pending).toBe(0);
});

test("a grpc-js that hides its sessions otherwise is drained without the notice", async () => {
  const server = new Server();
  Object.defineProperty(server, "sessions", { value: undefined });
  await drain(server, { graceMs: 10_000, clock: new FakeClock() });
});
