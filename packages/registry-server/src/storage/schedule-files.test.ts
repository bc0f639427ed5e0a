import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scheduler } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { Registry } from "../registry/registry";
import { until } from "../testing/until";
import { recorder, START_MS, type LogLine } from "../testing/use-node";
import { ScheduleFiles } from "./schedule-files";

const started: { files: ScheduleFiles; clock: FakeClock }[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const { files, clock } of started.splice(0)) {
    files.close();
    files.close();
    expect(clock.pending).toBe(0);
  }
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

/** A schedule file's text: clients of sh001 go to sh002 with this weight. */
function text(weight: number, appid = "provider", env = "dev"): string {
  const clients = { sh001: { zones: { sh002: { weight } } } };
  return JSON.stringify({ app_id: appid, env, clients, remark: "a remark" });
}

async function start(contents: Record<string, string> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "schedules-"));
  directories.push(directory);
  const write = (name: string, content: string) => writeFile(join(directory, name), content);
  for (const [name, content] of Object.entries(contents)) await write(name, content);
  const clock = new FakeClock(START_MS);
  const registry = new Registry({ clock, guard: { threshold: 0.85, minInstances: 10, matureMs: 90_000 } });
  const logs: LogLine[] = [];
  const files = new ScheduleFiles({ directory, registry, logger: recorder(logs), clock });
  let changes = 0;
  registry.changed.on(() => changes++);
  started.push({ files, clock });
  await files.start();
  return {
    directory,
    registry,
    files,
    logs,
    write,
    get changes() {
      return changes;
    },
    weight: (appid = "provider", env = "dev") => weightOf(registry.apps.find(env, appid)?.scheduler),
    /** Waits for the next look to be over. */
    async look() {
      await until("the look before is over", () => clock.pending === 1);
      await clock.advance(1_000);
      await until("the look is over", () => clock.pending === 1);
    },
  };
}

function weightOf(scheduler: Scheduler | undefined): number | undefined {
  return scheduler?.clients.get("sh001")?.zones.get("sh002")?.weight;
}

test("the *.json files of the directory are read at the start, others are not", async () => {
  const { weight, logs } = await start({
    "a.json": text(3),
    "b.json": text(4, "other", "prod"),
    "c.toml": "[env]",
  });
  expect([weight(), weight("other", "prod"), weight("other")]).toEqual([3, 4, undefined]);
  expect(logs.map(({ msg }) => msg)).toEqual(["zone schedule loaded", "zone schedule loaded"]);
});

test("a changed file is reloaded within a second or so, and told to consumers", async () => {
  const node = await start({ "a.json": text(3) });
  await node.write("a.json", text(5));
  await node.look();
  expect(node.weight()).toBe(5);
  expect(node.changes).toBe(2);
});

test("a file that stays as it is moves nothing", async () => {
  const node = await start({ "a.json": text(3) });
  await node.look();
  await node.look();
  expect(node.changes).toBe(1);
  expect(node.logs).toHaveLength(1);
});

test("a new file is found", async () => {
  const node = await start();
  await node.write("a.json", text(3));
  await node.look();
  expect(node.weight()).toBe(3);
});

test("a broken file leaves the old strategy in force, is logged once and named", async () => {
  const node = await start({ "a.json": text(3) });
  await node.write("a.json", "{");
  await node.look();
  await node.look();
  expect(node.weight()).toBe(3);
  expect(node.files.broken).toEqual(["a.json"]);
  expect(node.logs.filter(({ level }) => level === 50)).toEqual([
    expect.objectContaining({ file: "a.json", msg: "zone schedule not usable: the old one stays" }),
  ]);
});

test("a file that is mended is used again", async () => {
  const node = await start({ "a.json": "{" });
  expect(node.files.broken).toEqual(["a.json"]);
  await node.write("a.json", text(3));
  await node.look();
  expect(node.weight()).toBe(3);
  expect(node.files.broken).toEqual([]);
});

test("a file that goes takes its strategy with it", async () => {
  const node = await start({ "a.json": text(3) });
  await rm(join(node.directory, "a.json"));
  await node.look();
  expect(node.weight()).toBeUndefined();
  expect(node.changes).toBe(2);
  expect(node.logs.at(-1)).toMatchObject({ msg: "zone schedule gone", appid: "provider", env: "dev" });
});

test("a broken file that goes takes its old strategy with it", async () => {
  const node = await start({ "a.json": text(3) });
  await node.write("a.json", "{");
  await node.look();
  await rm(join(node.directory, "a.json"));
  await node.look();
  expect(node.weight()).toBeUndefined();
});

test("a file that turns to another app leaves the first", async () => {
  const node = await start({ "a.json": text(3) });
  await node.write("a.json", text(4, "other"));
  await node.look();
  expect([node.weight(), node.weight("other")]).toEqual([undefined, 4]);
});

test("a file that is renamed keeps its strategy", async () => {
  const node = await start({ "b.json": text(3) });
  await rename(join(node.directory, "b.json"), join(node.directory, "a.json"));
  await node.look();
  expect(node.weight()).toBe(3);
});

test("of two files for one app the last by name counts, and the first again when that goes", async () => {
  const node = await start({ "a.json": text(3), "b.json": text(4) });
  expect(node.weight()).toBe(4);
  await node.look();
  expect(node.weight()).toBe(4);
  await rm(join(node.directory, "b.json"));
  await node.look();
  expect(node.weight()).toBe(3);
});

test("what cannot be read is named and logged once, and its old strategy stays", async () => {
  const node = await start({ "a.json": text(3) });
  await rm(join(node.directory, "a.json"));
  await mkdir(join(node.directory, "a.json"));
  await node.look();
  await node.look();
  expect(node.weight()).toBe(3);
  expect(node.files.broken).toEqual(["a.json"]);
  expect(node.logs.filter(({ level }) => level === 50)).toHaveLength(1);
});

test("when the directory cannot be read all strategies stay, and the log says so once", async () => {
  const node = await start({ "a.json": text(3) });
  await rename(node.directory, `${node.directory}-away`);
  await node.look();
  await node.look();
  expect(node.weight()).toBe(3);
  expect(node.logs.filter(({ level }) => level === 50).map(({ msg }) => msg)).toEqual([
    "the directory of zone schedules cannot be read: the old ones stay",
  ]);
  await rename(`${node.directory}-away`, node.directory);
  await node.write("a.json", text(5));
  await node.look();
  expect(node.weight()).toBe(5);
});

test("without a directory nothing is looked at", async () => {
  const clock = new FakeClock();
  const registry = new Registry({ clock, guard: { threshold: 0.85, minInstances: 10, matureMs: 90_000 } });
  const files = new ScheduleFiles({ directory: "", registry, logger: recorder([]), clock });
  await files.start();
  expect(clock.pending).toBe(0);
  files.close();
});
