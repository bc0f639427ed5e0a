import { DemoService, type DemoServer, type HelloReply } from "@discoveryd/demo-proto";
import { Direct } from "@discoveryd/naming-sdk";
import { CodedError } from "@discoveryd/protocol";
import { Server, ServerCredentials, type sendUnaryData } from "@grpc/grpc-js";
import { pino } from "pino";
import { Registry } from "prom-client";
import { Caller } from "./caller";

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server of demo.service on a free port. */
async function useServer(sayHello: DemoServer["sayHello"]): Promise<number> {
  const server = new Server();
  server.addService(DemoService, { sayHello, sayHelloUrl: sayHello, ping: () => {} } as DemoServer);
  closers.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

async function useCaller(target: string, timeoutMs = 5_000): Promise<Caller> {
  const caller = await Caller.dial({
    target,
    builder: new Direct(),
    timeoutMs,
    metrics: new Registry(),
    logger: pino({ enabled: false }),
  });
  closers.push(() => caller.close());
  return caller;
}

const never = () => {};

test("it gives back what the server says", async () => {
  const port = await useServer((call, answer: sendUnaryData<HelloReply>) =>
    answer(null, { content: `<${call.request.name}>`, servedBy: "a" }),
  );
  const caller = await useCaller(`direct://default/127.0.0.1:${port}`);
  await expect(caller.hello("Ada")).resolves.toEqual({ content: "<Ada>", servedBy: "a" });
});

test("a server that does not answer in time is -503", async () => {
  const port = await useServer(never);
  const caller = await useCaller(`direct://default/127.0.0.1:${port}`, 100);
  await expect(caller.hello("Ada")).rejects.toMatchObject({ constructor: CodedError, code: -503 });
});

test("a shorter timeout counts for the next call", async () => {
  const port = await useServer(never);
  const caller = await useCaller(`direct://default/127.0.0.1:${port}`, 3_600_000);
  caller.setTimeoutMs(100);
  await expect(caller.hello("Ada")).rejects.toMatchObject({ code: -503 });
});

test("without a server it is -503, and names whom it would have called", async () => {
  const port = await useServer(never);
  for (const close of closers.splice(0)) close();
  const caller = await useCaller(`direct://default/127.0.0.1:${port}`, 300);
  await expect(caller.hello("Ada")).rejects.toMatchObject({
    code: -503,
    message: expect.stringContaining(`127.0.0.1:${port}`) as string,
  });
});

test.each(["direct://default/here", "direct://default", "nosuch://default/demo.service"])(
  "the target %s is refused with one line that quotes it",
  async (target) => {
    await expect(useCaller(target)).rejects.toThrow(target);
  },
);
