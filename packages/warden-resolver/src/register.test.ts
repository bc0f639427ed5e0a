import { experimental } from "@grpc/grpc-js";
import { silentLogger } from "@discoveryd/runtime";
import { resolver, SchemeTable } from "./register";
import { EchoClient } from "./testing/echo-client";
import { EchoServers } from "./testing/echo-servers";
import { instanceAt, MemoryNaming } from "./testing/memory-naming";

const servers = new EchoServers();
afterAll(() => servers.close());

/** A builder whose only instance is a server of its own. */
async function builderOf(scheme: string) {
  const server = await servers.start();
  const naming = new MemoryNaming({ scheme });
  naming.set("demo.service", [instanceAt(server.address)]);
  return { naming, address: server.address };
}

async function answering(scheme: string): Promise<string> {
  const client = new EchoClient(`${scheme}://default/demo.service`);
  try {
    return await client.echo();
  } finally {
    client.close();
  }
}

test("a registered scheme can be dialled with a plain grpc-js client", async () => {
  const { naming, address } = await builderOf("plain");
  resolver.register(naming);
  expect(await answering("plain")).toBe(address);
});

test("a second register of a scheme keeps the first and warns", async () => {
  const [first, second] = [await builderOf("twice"), await builderOf("twice")];
  const warnings: object[] = [];
  const table = new SchemeTable();
  table.register(first.naming);
  table.register(second.naming, {
    logger: { ...silentLogger, warn: (fields) => void warnings.push(fields) },
  });
  expect(await answering("twice")).toBe(first.address);
  expect(warnings).toEqual([{ scheme: "twice" }]);
});

test("set replaces what was registered, for channels made from then on", async () => {
  const [first, second] = [await builderOf("replaced"), await builderOf("replaced")];
  const table = new SchemeTable();
  table.register(first.naming);
  table.set(second.naming);
  expect(await answering("replaced")).toBe(second.address);
});

test("without a logger warnings are warnings of the process", async () => {
  const { naming } = await builderOf("warned");
  const emitWarning = jest.spyOn(process, "emitWarning").mockImplementation();
  const table = new SchemeTable();
  table.register(naming);
  table.register(naming);
  expect(emitWarning.mock.calls).toEqual([
    [
      'scheme registered already: keeping the first; use set to replace it {"scheme":"warned"}',
      "WardenWarning",
    ],
  ]);
  emitWarning.mockRestore();
});

test("both balancers are known to grpc-js from the first register on", async () => {
  new SchemeTable().register(new MemoryNaming({ scheme: "balanced" }));
  expect(experimental.isLoadBalancerNameRegistered("warden_p2c")).toBe(true);
  expect(experimental.isLoadBalancerNameRegistered("warden_wrr")).toBe(true);
});

test("a scheme that nobody registered falls to grpc-js' default, DNS", async () => {
  await expect(answering("nosuch")).rejects.toThrow(/UNAVAILABLE.*DNS/);
});

test("a malformed target is refused when the client is made", () => {
  resolver.register(new MemoryNaming({ scheme: "strict" }));
  expect(() => new EchoClient("strict://default")).toThrow('target "strict://default" is not valid');
  expect(() => new EchoClient("strict://default/demo.service?size=1")).toThrow('the query key "size"');
});
