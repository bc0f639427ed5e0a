import { codes } from "@discoveryd/protocol";
import { Direct } from "@discoveryd/naming-sdk";
import { Client, credentials, Metadata, status as Status } from "@grpc/grpc-js";
import { Registry as MetricsRegistry } from "prom-client";
import { SchemeTable } from "../register";
import { WardenServer } from "../server/server";
import { eventually } from "../testing/echo-client";
import { instanceAt, MemoryNaming } from "../testing/memory-naming";
import { callUnary, echo, EchoClient, EchoService, UNARY, type EchoServer } from "../testing/typed-echo";
import { WardenClient, type WardenClientOptions } from "./client";
import type { WardenClientConfig } from "./config";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const table = new SchemeTable();
table.register(new Direct());
let schemes = 0;

/** A naming back end with a scheme of its own. */
function useNaming() {
  const scheme = `memory${schemes++}`;
  const naming = new MemoryNaming({ scheme });
  table.register(naming);
  return { naming, target: `${scheme}://default/demo.service` };
}

async function useServer(handlers: Partial<EchoServer> = {}, port = 0): Promise<WardenServer> {
  const server = new WardenServer({ grpc: `tcp://127.0.0.1:${port}`, drain: 0, grace: 100 });
  server.addService(EchoService, echo(handlers));
  await server.start();
  closers.push(() => server.shutdown());
  return server;
}

function useWarden(config: WardenClientConfig = {}, options: WardenClientOptions = {}): WardenClient {
  const client = new WardenClient({ timeout: "5s", ...config }, options);
  closers.push(() => client.close());
  return client;
}

function ask(client: EchoClient, text = "hi", metadata = new Metadata()) {
  return callUnary(client, text, metadata);
}

describe("dial", () => {
  test("gives a generated client that calls an instance of the app", async () => {
    const { naming, target } = useNaming();
    naming.set("demo.service", [instanceAt((await useServer()).address as string)]);
    const client = await useWarden().dial(target, EchoClient);
    expect((await ask(client)).text).toBe("hi");
  });
});
void codes; void Client; void credentials; void Status; void MetricsRegistry; void eventually; void UNARY;
