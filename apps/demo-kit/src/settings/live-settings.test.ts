import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import pino from "pino";
import { LiveSettings } from "./live-settings";
import { text } from "./setting";

const table = {
  application: {
    greeting: text("hello", { env: "GREETING", doc: "the greeting", live: true }),
    name: text("x", { env: "NAME", doc: "the name" }),
  },
};

let dir: string;
let logged: string[];
let settings: LiveSettings<typeof table>;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "live-settings-"));
  logged = [];
  settings = new LiveSettings({ table, dir, env: {} });
});

afterEach(() => {
  settings.close();
  settings.close();
  rmSync(dir, { recursive: true });
});

function write(toml: string): void {
  // As editors do: a new file in the place of the old one.
  writeFileSync(join(dir, "new"), toml);
  renameSync(join(dir, "new"), join(dir, "application.toml"));
}

function start(): Promise<unknown> {
  return new Promise((resolve) => {
    const write = (line: Buffer, _: string, done: () => void) => {
      logged.push(String(line));
      resolve(logged);
      done();
    };
    settings.start(pino(new Writable({ write })));
  });
}

test("a file that changes changes the settings", async () => {
  const changed = new Promise((resolve) => settings.onChange(resolve));
  void start();
  write('greeting = "good morning"');
  await expect(changed).resolves.toEqual({ application: { greeting: "good morning", name: "x" } });
  expect(settings.current.application.greeting).toBe("good morning");
});

test("a change that is wrong is logged, and the old settings stay", async () => {
  const line = start();
  write("greting = 1");
  await line;
  expect(logged.join()).toContain("application.toml: greting = 1: no such key, use greeting, name");
  expect(settings.current.application.greeting).toBe("hello");
});

test("a change that counts from the next start is said, and no listener is called", async () => {
  const listener = jest.fn();
  settings.onChange(listener);
  const line = start();
  write('name = "y"');
  await line;
  expect(logged.join()).toContain(
    '"changed":["application.name"],"msg":"settings count from the next start"',
  );
  expect(listener).not.toHaveBeenCalled();
});

test("a folder that is not there is named", () => {
  const missing = join(dir, "nowhere");
  expect(() => new LiveSettings({ table, dir: missing, env: {} })).toThrow(
    `--conf ${missing}: no such folder`,
  );
});
