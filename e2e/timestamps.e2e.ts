import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();

test("a timestamp that a peer gives comes back to the digit", async () => {
  const demo = await startDemo();
  await demo.startRegistry();
  const dirty = "1795342003214049717";
  const registered = await demo.post(
    demo.registryPort,
    "/discovery/register",
    "env=dev&zone=zone01&appid=some.app&hostname=h1&status=1&addrs=grpc://10.0.0.1:9000" +
      `&replication=true&dirty_timestamp=${dirty}&latest_timestamp=${dirty}`,
  );
  expect(registered.text).toBe('{"code":0,"message":"0","ttl":1}');
  const fetched = await demo.get(demo.registryPort, "/discovery/fetch?env=dev&appid=some.app&status=1");
  expect(fetched.text).toContain(`"dirty_timestamp":${dirty}`);
});
