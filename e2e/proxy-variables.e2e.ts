import { eventually } from "./harness/eventually";
import { useFlakyProxy } from "./harness/flaky-proxy";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();
const startProxy = useFlakyProxy();

const SETTLED_MS = 20_000;

test("proxies in the environment are asked neither for the registry nor for what it finds", async () => {
  const demo = await startDemo();
  const proxy = await startProxy(1);
  const names = ["http_proxy", "https_proxy", "grpc_proxy", "all_proxy"].flatMap((name) => [
    name,
    name.toUpperCase(),
  ]);
  const env = Object.fromEntries(names.map((name) => [name, `http://127.0.0.1:${proxy.port}`]));
  await demo.startRegistry(env);
  await Promise.all([demo.startServer("a", env), demo.startClient(env)]);
  await eventually(
    async () => expect(await demo.sayHello()).toMatchObject({ code: 0, served_by: "a" }),
    SETTLED_MS,
  );
  expect(proxy.accepted).toBe(0);
});
