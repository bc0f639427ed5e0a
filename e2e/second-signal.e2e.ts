import { eventually } from "./harness/eventually";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();

// A fraction of the drain, and many times what the end of a process takes.
const AT_ONCE_MS = 15_000;

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)("a server that drains ends at once at a second %s, with status %d", async (signal, status) => {
  const demo = await startDemo();
  const { process: server } = await demo.startServer("a", { DEMO_REGISTER: "false", GRPC_DRAIN: "10m" });
  server.kill(signal);
  await eventually(() => expect(server.output).toContain("grpc server closes"), AT_ONCE_MS);

  const askedAt = performance.now();
  const { code, at } = await server.end(signal);
  expect(code).toBe(status);
  expect(at - askedAt).toBeLessThan(AT_ONCE_MS);
});
