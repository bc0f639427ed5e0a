import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostnamesOf } from "./builders";
import { useClosing } from "./fixtures";
import { StaticFile } from "./static-file";

const closing = useClosing();
const folder = mkdtempSync(join(tmpdir(), "static-file-"));
const path = join(folder, "apps.json");

afterAll(() => rmSync(folder, { recursive: true }));

test("a back end of one's own is one class", async () => {
  writeFileSync(path, '{"demo.service": ["grpc://10.0.0.5:9000"]}');
  const resolver = closing(new StaticFile(path).build("demo.service"));
  expect(hostnamesOf(await resolver.ready())).toEqual(["grpc://10.0.0.5:9000"]);
  writeFileSync(path, '{"demo.service": ["grpc://10.0.0.5:9000", "grpc://10.0.0.6:9000"]}');
  resolver.refresh();
  expect(hostnamesOf(resolver.fetch())).toHaveLength(2);
});

test("an app that is not in the file does not exist", async () => {
  writeFileSync(path, "{}");
  const resolver = closing(new StaticFile(path).build("demo.service", { required: true }));
  await expect(resolver.ready()).rejects.toThrow("the app does not exist");
});

test("the README shows it in full", () => {
  const readme = readFileSync(join(__dirname, "../../README.md"), "utf8");
  const source = readFileSync(join(__dirname, "static-file.ts"), "utf8");
  expect(readme).toContain(source.replaceAll('"../index"', '"@discoveryd/naming-sdk"'));
});
