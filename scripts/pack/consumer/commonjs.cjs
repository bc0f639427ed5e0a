const { equal } = require("node:assert/strict");
const { Discovery } = require("@discoveryd/naming-sdk");
const { resolver, WardenClient } = require("@discoveryd/warden-resolver");
const { WardenServer } = require("@discoveryd/warden-resolver/server");
const { GreeterClient, handlers, sayHello, service } = require("./greeter.cjs");
const { startRegistry } = require("./registry.cjs");

void main();

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
