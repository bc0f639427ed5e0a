// Compiled twice, as CommonJS and as an ES module, with the libraries' own types checked.
import { equal } from "node:assert/strict";
import { Discovery, type InstancesInfo, type Registration } from "@discoveryd/naming-sdk";
import { codes, parseEnvelope, type Envelope } from "@discoveryd/protocol";
import { RegistryServer, readCommand } from "@discoveryd/registry-server";
import { systemClock, type Clock } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { resolver, WardenClient } from "@discoveryd/warden-resolver";
import { WardenServer } from "@discoveryd/warden-resolver/server";
import {
  Client,
  type handleUnaryCall,
  type sendUnaryData,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

interface Hello {
  readonly text: string;
}

const encode = (message: Hello): Buffer => Buffer.from(JSON.stringify(message));
const decode = (bytes: Buffer): Hello => JSON.parse(bytes.toString()) as Hello;
const path = "/demo.v1.Greeter/SayHello";

const service: ServiceDefinition = {
  sayHello: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  },
};

const sayHello: handleUnaryCall<Hello, Hello> = (call, answer) =>
  answer(null, { text: `hello ${call.request.text}` });
const handlers: UntypedServiceImplementation = { sayHello };

class GreeterClient extends Client {
  sayHello(request: Hello, callback: sendUnaryData<Hello>): void {
    this.makeUnaryRequest(path, encode, decode, request, callback);
  }
}

async function startRegistry(): Promise<RegistryServer> {
  const command = readCommand(["--httpServer.addr", "127.0.0.1:0"], {});
  if (command.kind !== "run") throw new Error(`unexpected command ${command.kind}`);
  const registry = new RegistryServer({ config: command.config, clock: systemClock });
  await registry.start();
  return registry;
}

async function main(): Promise<void> {
  const registry = await startRegistry();
  const discovery = new Discovery({ nodes: [`127.0.0.1:${registry.port}`] });
  const server = new WardenServer({ grpc: "tcp://127.0.0.1:0", drain: 0 });
  const client = new WardenClient({ timeout: "2s" });

  await server.addService(service, handlers).start();
  const registration: Registration = await server.register(discovery, { appid: "demo.greeter" });
  const info: InstancesInfo = await discovery.build("demo.greeter").ready();
  equal([...info.instances.values()].flat()[0]?.hostname, registration.instance.hostname);

  resolver.register(discovery);
  const greeter = await client.dial("discovery://default/demo.greeter", GreeterClient);
  const reply = await new Promise<Hello | null | undefined>((resolve, reject) =>
    greeter.sayHello({ text: "Ada" }, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
  equal(reply?.text, "hello Ada");

  client.close();
  await server.shutdown();
  await discovery.close();
  await registry.close();
}

const clock: Clock = new FakeClock();
equal(clock.now(), 0);
const envelope: Envelope = parseEnvelope('{"code":0,"message":"0","ttl":1}');
equal(envelope.code, codes.ok);
void main();
