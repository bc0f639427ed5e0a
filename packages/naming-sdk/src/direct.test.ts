import { FakeClock } from "@discoveryd/runtime/testing";
import { Direct } from "./direct";

test("fixed addresses are there at once, one instance each", async () => {
  const resolver = new Direct({ clock: new FakeClock(5) }).build("127.0.0.1:9000,http://[::1]:9001");
  const info = await resolver.ready();
  expect(info.lastTs).toBe(5_000_000n);
  expect([...info.instances.values()].flat().map(({ addrs }) => addrs)).toEqual([
    ["grpc://127.0.0.1:9000"],
    ["http://[::1]:9001"],
  ]);
  expect(resolver.status()).toEqual({ kind: "found" });
});

test("build options apply", async () => {
  const resolver = new Direct().build("127.0.0.1:9000,http://127.0.0.1:9001", { filter: { scheme: "ftp" } });
  expect((await resolver.ready()).instances.size).toBe(0);
  expect(resolver.status()).toEqual({ kind: "filtered" });
  expect(resolver.describe()).toBe("fixed addresses 127.0.0.1:9000,http://127.0.0.1:9001");
});

test.each([
  "",
  "127.0.0.1",
  "127.0.0.1:9000,",
  "127.0.0.1:9000,host:port",
  "grpc://user@host:1",
  "127.0.0.1:0",
  "127.0.0.1:65536",
])("%j is no list of addresses", (addresses) => {
  expect(() => new Direct().build(addresses)).toThrow(/^direct addresses .* is not host:port$/);
});
