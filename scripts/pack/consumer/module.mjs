import { equal } from "node:assert/strict";
import { Discovery } from "@discoveryd/naming-sdk";
import { resolver, WardenClient } from "@discoveryd/warden-resolver";
import { WardenServer } from "@discoveryd/warden-resolver/server";
import { GreeterClient, handlers, sayHello, service } from "./greeter.cjs";
import { startRegistry } from "./registry.cjs";

await main();

async function main() {
  const registry = await startRegistry();
  const discovery = new Discovery({ nodes: [registry.node] });
  const server = new WardenServer({ grpc: "tcp://127.0.0.1:0", drain: 0 });
  const client = new WardenClient();

  await server.addService(service, handlers).start();
  await server.register(discovery, { appid: "demo.greeter" });
  resolver.register(discovery);
  const greeter = await client.dial("discovery://default/demo.greeter", GreeterClient);
  equal(await sayHello(greeter, "Ada"), "hello Ada");

  client.close();
  await server.shutdown();
  await discovery.close();
  equal(await registry.stop(), 0);
}
