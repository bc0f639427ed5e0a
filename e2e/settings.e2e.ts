import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./harness/eventually";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "demo-settings-"));
});

afterEach(() => rmSync(dir, { recursive: true }));

test("a greeting changed in application.toml is what the next answers say; a wrong change is logged and ignored", async () => {
  const demo = await startDemo();
  await demo.startRegistry();
  const [server] = await Promise.all([demo.startServer("a", {}, ["--conf", dir]), demo.startClient()]);
  const says = (content: string) =>
    eventually(async () => expect(await demo.sayHello("Ada")).toMatchObject({ content }), 10_000);
  await says("hello Ada");

  writeFileSync(join(dir, "application.toml"), 'greeting = "good morning"\n');
  await says("good morning Ada");

  writeFileSync(join(dir, "application.toml"), "greting = 1\n");
  await eventually(() => expect(server.process.output).toContain("greting = 1: no such key"), 10_000);
  await says("good morning Ada");
});
