import { tmpdir } from "node:os";
import { text } from "../settings/setting";
import { runMain } from "./run-main";

const table = { app: { word: text("good", { env: "APP_WORD", doc: "the word" }) } };

/** Runs an application that fails at the word "bad", and gives back what a shell would see. */
async function run({ args = [], env = {} }: { args?: string[]; env?: NodeJS.ProcessEnv }) {
  const seen = { ran: "", out: "", err: "", status: -1 };
  await runMain(
    {
      name: "app",
      about: "an app",
      table,
      confDir: tmpdir(),
      run: (settings) => {
        seen.ran = settings.current.app.word;
        return seen.ran === "bad" ? Promise.reject(new Error("the word is bad")) : Promise.resolve();
      },
    },
    {
      argv: ["node", "/somewhere/main.js", ...args],
      env,
      stdout: { write: (out: string) => (seen.out += out) },
      stderr: { write: (err: string) => (seen.err += err) },
      exit: (status) => (seen.status = status),
    },
  );
  return seen;
}

test("an application that ends well ends with status 0", async () => {
  expect(await run({})).toEqual({ ran: "good", out: "", err: "", status: 0 });
});

test("an application that fails ends with one line and status 1", async () => {
  expect(await run({ env: { APP_WORD: "bad" } })).toMatchObject({ err: "app: the word is bad\n", status: 1 });
});

test("LOG_LEVEL=debug adds the stack", async () => {
  const { err } = await run({ env: { APP_WORD: "bad", LOG_LEVEL: "debug" } });
  expect(err).toMatch(/^app: Error: the word is bad\n +at /);
});

test("--help says what can be set, and runs nothing", async () => {
  expect(await run({ args: ["--help"] })).toEqual({
    ran: "",
    out: [
      "app: an app",
      "usage: app [--conf <folder>] [--help]",
      "",
      "Environment variables; each goes before the key of the settings file it is named with:",
      '  APP_WORD  the word (app.toml: word = "good")',
      "",
    ].join("\n"),
    err: "",
    status: 0,
  });
});

test("an unknown flag is one line that says which there are", async () => {
  const { err, status } = await run({ args: ["--port", "1"] });
  expect(err).toBe("app: Unknown option '--port': use --conf <folder> or --help\n");
  expect(status).toBe(1);
});

test("a folder of settings that is not there is one line", async () => {
  const { err } = await run({ args: ["--conf", "/nowhere"] });
  expect(err).toBe("app: --conf /nowhere: no such folder, use one with settings files (*.toml)\n");
});
