import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { infoOf, instanceWith } from "../testing/builders";
import { SnapshotFile } from "./snapshot-file";

let folder: string;
let path: string;
let clock: FakeClock;
const warnings: string[] = [];
const nothing = () => undefined;
const logger: Logger = {
  debug: nothing,
  info: nothing,
  error: nothing,
  warn: (_fields, message) => warnings.push(message),
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "snapshot-"));
  path = join(folder, "apps.json");
  clock = new FakeClock();
  warnings.length = 0;
});

afterEach(async () => {
  expect(clock.pending).toBe(0);
  await rm(folder, { recursive: true });
});

function snapshotFile(fields: { env?: string; path?: string } = {}): SnapshotFile {
  return new SnapshotFile({ path, env: "dev", processId: 7, clock, logger, ...fields });
}

const demo = infoOf(
  [instanceWith({ metadata: new Map([["weight", "5"]]), lastTs: 1_795_342_003_214_049_717n })],
  {
    lastTs: 1_795_342_003_214_049_717n,
  },
);

test("what was saved is there at the next start, to the digit", async () => {
  const file = snapshotFile();
  file.save("demo.service", demo);
  file.save("__proto__", demo);
  await file.close();
  const apps = await snapshotFile().load();
  expect([...apps]).toEqual([
    ["demo.service", demo],
    ["__proto__", demo],
  ]);
});

test("changes of one moment are one write, and nothing else is left in the folder", async () => {
  const file = snapshotFile();
  for (let i = 0; i < 10; i++) file.save("demo.service", { ...demo, lastTs: BigInt(i) });
  expect(await readdir(folder)).toEqual([]);
  await clock.advance(500);
  await file.close();
  expect(await readdir(folder)).toEqual(["apps.json"]);
  expect((await snapshotFile().load()).get("demo.service")?.lastTs).toBe(9n);
});

test("what was loaded stays in the file until something newer is known", async () => {
  const before = snapshotFile();
  before.save("demo.service", demo);
  before.save("other.service", demo);
  await before.close();
  const after = snapshotFile();
  after.save("demo.service", { ...demo, lastTs: 9n });
  await after.load();
  await after.close();
  const apps = await snapshotFile().load();
  expect(apps.get("demo.service")?.lastTs).toBe(9n);
  expect(apps.get("other.service")).toEqual(demo);
});

test("apps of another env are not taken", async () => {
  const file = snapshotFile({ env: "prod" });
  file.save("demo.service", demo);
  await file.close();
  expect((await snapshotFile().load()).size).toBe(0);
  expect(warnings).toEqual([]);
});

test("no file is no snapshot, and nothing to warn of", async () => {
  expect((await snapshotFile().load()).size).toBe(0);
  expect(warnings).toEqual([]);
});

test.each(["", "{", "null", '{"version":2}', '{"version":1,"env":"dev","apps":{"a":null}}'])(
  "a file with %j in it is warned of, and as if it were not there",
  async (text) => {
    await writeFile(path, text);
    expect((await snapshotFile().load()).size).toBe(0);
    expect(warnings).toEqual(["snapshot not readable"]);
  },
);

test("a file without apps is an empty snapshot", async () => {
  await writeFile(path, '{"version":1,"env":"dev"}');
  expect((await snapshotFile().load()).size).toBe(0);
});

test("a file that cannot be written is warned of", async () => {
  const file = snapshotFile({ path: join(folder, "missing", "apps.json") });
  file.save("demo.service", demo);
  await file.close();
  expect(warnings).toEqual(["snapshot not written"]);
});

test("after the close nothing is written", async () => {
  const file = snapshotFile();
  await file.close();
  file.save("demo.service", demo);
  await expect(readFile(path)).rejects.toThrow("ENOENT");
});
