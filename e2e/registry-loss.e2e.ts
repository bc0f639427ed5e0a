import { eventually } from "./harness/eventually";
import { useFlakyProxy, type ProxyMode } from "./harness/flaky-proxy";
import { failed, further, startLoad } from "./harness/load";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();
const startProxy = useFlakyProxy();

// A failed renewal, or a failed poll, is tried again within 5 s; a node that is back has instances renew within 2 s.
const BACK_MS = 15_000;

test("a registry that cannot be reached, hangs, breaks off or lies fails no call, and is used again when it is well", async () => {
  const demo = await startDemo();
  // Nodes of another zone are not learnt from the registry: only the seed, which is the proxy, is asked.
  await demo.startRegistry({ ZONE: "elsewhere" });
  const proxy = await startProxy(demo.registryPort);
  const env = { DISCOVERY_NODES: `127.0.0.1:${proxy.port}` };
  await Promise.all([demo.startServer("a", env), demo.startClient(env)]);
  await eventually(async () => expect(await demo.sayHello()).toMatchObject({ code: 0 }), BACK_MS);
  const load = startLoad(demo);

  const badGateway =
    "HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\n<html>oh no!";
  const modes: ProxyMode[] = [
    { kind: "refuse" },
    { kind: "truncate", bytes: 150 },
    { kind: "lie", text: badGateway },
    { kind: "delay", ms: 500 },
    { kind: "pause" },
  ];
  for (const mode of modes) {
    proxy.mode = mode;
    const before = proxy.accepted;
    proxy.cut();
    await eventually(() => expect(proxy.accepted).toBeGreaterThan(before), BACK_MS);
    await further(load, 100);
  }

  proxy.mode = { kind: "pass" };
  proxy.cut();
  await demo.startServer("b", env);
  await eventually(async () => expect(await demo.sayHello()).toMatchObject({ served_by: "b" }), BACK_MS);
  expect(failed(await load.stop())).toEqual([]);
});
