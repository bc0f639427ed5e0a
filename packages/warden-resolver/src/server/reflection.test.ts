import { credentials, loadPackageDefinition, type Client } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { dirname, join } from "node:path";
import { echo, echoDefinition, EchoService } from "../testing/typed-echo";
import { WardenServer } from "./server";

interface Reply {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
}

interface ReflectionStream extends NodeJS.EventEmitter {
  write(request: object): void;
  end(): void;
}

interface ReflectionClient extends Client {
  serverReflectionInfo(): ReflectionStream;
}

/** As grpcurl asks: a client of the version's own proto file. */
function reflectionClient(address: string, version: "v1" | "v1alpha"): ReflectionClient {
  const root = dirname(require.resolve("@grpc/reflection/package.json"));
  const definition = loadSync(join(root, "build/proto/grpc/reflection", version, "reflection.proto"));
  const { grpc } = loadPackageDefinition(definition) as unknown as {
    grpc: { reflection: Record<string, { ServerReflection: new (...args: unknown[]) => ReflectionClient }> };
  };
  const Ctor = grpc.reflection[version]?.ServerReflection as new (...args: unknown[]) => ReflectionClient;
  return new Ctor(address, credentials.createInsecure());
}

async function reflect(version: "v1" | "v1alpha", request: object): Promise<Reply> {
  const server = new WardenServer({ grpc: "tcp://127.0.0.1:0", drain: 0 }, { reflection: echoDefinition });
  server.addService(EchoService, echo());
  await server.start();
  const client = reflectionClient(server.address as string, version);
  try {
    return await new Promise((resolve, reject) => {
      const stream = client.serverReflectionInfo();
      stream.on("data", (reply: Reply) => {
        resolve(reply);
        stream.end();
      });
      stream.on("error", reject);
      stream.write(request);
    });
  } finally {
    client.close();
    await server.shutdown();
  }
}

test.each(["v1", "v1alpha"] as const)("%s lists the services, health among them", async (version) => {
  const reply = await reflect(version, { listServices: "*" });
  const names = reply.listServicesResponse?.service.map(({ name }) => name).sort();
  expect(names).toEqual(["grpc.health.v1.Health", "warden.testing.v1.Echo"]);
});

test.each(["warden.testing.v1.Echo", "grpc.health.v1.Health"])("%s is described", async (symbol) => {
  const reply = await reflect("v1", { fileContainingSymbol: symbol });
  const [file] = reply.fileDescriptorResponse?.fileDescriptorProto ?? [];
  expect(file?.toString("latin1")).toContain(symbol.split(".").at(-1));
});
