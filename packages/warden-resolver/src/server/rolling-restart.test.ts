import { Direct, type Instance } from "@discoveryd/naming-sdk";
import { Metadata } from "@grpc/grpc-js";
import { WardenClient } from "../client/client";
import { SchemeTable } from "../register";
import { instanceAt, MemoryNaming } from "../testing/memory-naming";
import { eventually } from "../testing/echo-client";
import { callUnary, echo, EchoClient, EchoService, type EchoServer } from "../testing/typed-echo";
import { WardenServer } from "./server";

const table = new SchemeTable();
const naming = new MemoryNaming({ scheme: "rolling" });
table.register(naming);
table.register(new Direct());

const running = new Set<WardenServer>();
const called = new Set<WardenServer>();
const warden = new WardenClient({ timeout: "5s" });
afterAll(async () => {
  warden.close();
  await Promise.all([...running].map((server) => server.shutdown()));
});

async function startServer(drain: number | string, port = 0): Promise<WardenServer> {
  const server = new WardenServer({ grpc: `tcp://127.0.0.1:${port}`, drain, grace: "5s" });
  const unary: EchoServer["unary"] = (call, callback) => {
    called.add(server);
    // Answers take a while, so that each shutdown finds calls under way.
    setTimeout(callback, 5, null, call.request);
  };
  server.addService(EchoService, echo({ unary }));
  await server.start();
  running.add(server);
  return server;
}

/** Calls every 2 ms until `until` is done. Gives how many calls were made, and the errors. */
async function callDuring(client: EchoClient, until: Promise<unknown>) {
  let done = false;
  void until.finally(() => (done = true));
  const outcomes: ReturnType<typeof callUnary>[] = [];
  while (!done) {
    outcomes.push(callUnary(client, "hi", new Metadata()));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const errors = (await Promise.all(outcomes)).flatMap(({ error }) => (error ? [error.message] : []));
  return { calls: outcomes.length, errors: [...new Set(errors)] };
}

test("a rolling restart of three registered servers fails no call", async () => {
  const servers = [await startServer(100), await startServer(100), await startServer(100)];
  const show = () =>
    naming.set(
      "demo",
      servers.map(({ address }): Instance => instanceAt(address as string)),
    );
  show();
  const client = await warden.dial("rolling://default/demo", EchoClient);
  const restartAll = async () => {
    for (let round = 0; round < 2; round++) {
      for (const leaving of [...servers]) {
        servers.splice(servers.indexOf(leaving), 1);
        show();
        await leaving.shutdown();
        running.delete(leaving);
        servers.push(await startServer(100));
        show();
      }
    }
  };
  const { calls, errors } = await callDuring(client, restartAll());
  expect(errors).toEqual([]);
  expect(calls).toBeGreaterThan(20);
}, 30_000);

test("not even when clients do not hear of it beforehand", async () => {
  const servers = [await startServer(0), await startServer(0), await startServer(0)];
  const target = `direct://default/${servers.map(({ address }) => address).join(",")}`;
  const client = await warden.dial(target, EchoClient);
  const restartAll = async () => {
    for (let round = 0; round < 2; round++) {
      for (const leaving of [...servers]) {
        const port = Number(leaving.address?.split(":")[1]);
        await leaving.shutdown();
        running.delete(leaving);
        const server = await startServer(0, port);
        servers.splice(servers.indexOf(leaving), 1, server);
        // One at a time: the next goes when this one is back.
        await eventually(() => called.has(server));
      }
    }
  };
  const { calls, errors } = await callDuring(client, restartAll());
  expect(errors).toEqual([]);
  expect(calls).toBeGreaterThan(20);
}, 60_000);
