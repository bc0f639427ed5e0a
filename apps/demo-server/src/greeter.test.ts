import { readSettings } from "@discoveryd/demo-kit";
import { DemoClient, type HelloReply } from "@discoveryd/demo-proto";
import type { InstanceInput, Registration, Registry } from "@discoveryd/naming-sdk";
import { credentials } from "@grpc/grpc-js";
import { createServer } from "node:net";
import { pino } from "pino";
import { request } from "undici";
import { Greeter } from "./greeter";
import { settingsTable } from "./settings-table";

const started: Greeter[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((greeter) => greeter.close()));
});

/** A registry that takes what is registered, or refuses it. */
class FakeRegistry implements Registry {
  readonly instances: InstanceInput[] = [];
  refusal: Error | undefined;

  register(input: InstanceInput): Promise<Registration> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.instances.push(input);
    const cancel = () => {
      this.instances.splice(this.instances.indexOf(input), 1);
      return Promise.resolve();
    };
    return Promise.resolve({
      instance: { ...input, metadata: new Map(), lastTs: 1n } as unknown as Registration["instance"],
      cancel,
      update: () => Promise.resolve(),
      [Symbol.asyncDispose]: cancel,
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function useGreeter(env: NodeJS.ProcessEnv = {}, registry?: Registry) {
  const settings = readSettings(settingsTable, new Map(), {
    GRPC_ADDR: "127.0.0.1:0",
    HTTP_ADDR: "127.0.0.1:0",
    GRPC_DRAIN: "0",
    ...env,
  });
  const logger = pino({ enabled: false });
  const greeter = new Greeter({ settings: () => settings, host: "host-1", registry, logger });
  started.push(greeter);
  return { greeter, ...(await greeter.start()) };
}

function sayHello(port: number, name: string): Promise<HelloReply> {
  const client = new DemoClient(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise<HelloReply>((resolve, reject) => {
    client.sayHello({ name }, (error, reply) => (error ? reject(error) : resolve(reply)));
  }).finally(() => client.close());
}

async function get(port: number, path: string) {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}${path}`);
  return { status: statusCode, text: await body.text() };
}

test("it serves without a registry", async () => {
  const { greeter, grpcPort, httpPort } = await useGreeter();
  await greeter.register();
  await expect(sayHello(grpcPort, "Ada")).resolves.toEqual({ content: "hello Ada", servedBy: "host-1" });
  expect(await get(httpPort, "/healthz")).toEqual({ status: 200, text: "ok\n" });
});

test("it registers demo.service under the address it listens on, and cancels at the end", async () => {
  const registry = new FakeRegistry();
  const { greeter, grpcPort } = await useGreeter({ ZONE: "zone02" }, registry);
  await greeter.register();
  expect(registry.instances).toEqual([
    {
      appid: "demo.service",
      addrs: [`grpc://127.0.0.1:${grpcPort}`],
      hostname: "host-1",
      region: "region01",
      zone: "zone02",
      env: "dev",
    },
  ]);
  await greeter.close();
  expect(registry.instances).toEqual([]);
});

test("the advertised IP goes before the one listened on", async () => {
  const registry = new FakeRegistry();
  const { greeter, grpcPort } = await useGreeter({ GRPC_ADVERTISED_IP: "10.0.0.5" }, registry);
  await greeter.register();
  expect(registry.instances[0]?.addrs).toEqual([`grpc://10.0.0.5:${grpcPort}`]);
});

test("a registration that is refused rejects", async () => {
  const registry = new FakeRegistry();
  registry.refusal = new Error("parameter zone is wrong");
  const { greeter } = await useGreeter({}, registry);
  await expect(greeter.register()).rejects.toThrow("parameter zone is wrong");
});

test("/metrics counts calls and shows the process", async () => {
  const { grpcPort, httpPort } = await useGreeter();
  await sayHello(grpcPort, "Ada");
  const { text } = await get(httpPort, "/metrics");
  expect(text).toMatch(/SayHello.* 1$/m);
  expect(text).toContain("process_resident_memory_bytes");
});

test("while it closes, /healthz says so", async () => {
  const { greeter, httpPort } = await useGreeter({ GRPC_DRAIN: "100ms" });
  const closed = greeter.close();
  expect(await get(httpPort, "/healthz")).toEqual({ status: 503, text: "the server is closing\n" });
  await closed;
});

test.each([
  ["GRPC_ADDR", "grpc.toml addr or GRPC_ADDR"],
  ["HTTP_ADDR", "http.toml addr or HTTP_ADDR"],
])("an address in use, %s, is one line", async (variable, changedBy) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const started = useGreeter({ [variable]: `127.0.0.1:${port}` });
  await expect(started.finally(() => other.close())).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: another process uses it; change ${changedBy}`,
  );
});
