import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { registerForm } from "./testing/builders";
import { until } from "./testing/until";
import { encodeForm } from "./testing/use-node";
import { useProcesses } from "./testing/use-processes";

const run = useProcesses();
const FREE = ["--httpserver.addr", "127.0.0.1:0"];
const FORM = { "content-type": "application/x-www-form-urlencoded" };

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "main-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function post(addr: string, path: string, body: string): Promise<{ code: number }> {
  const answer = await request(`http://${addr}${path}`, { method: "POST", headers: FORM, body });
  return (await answer.body.json()) as { code: number };
}

async function get(addr: string, path: string): Promise<{ code: number; data?: unknown }> {
  const { body } = await request(`http://${addr}${path}`);
  return (await body.json()) as { code: number };
}

test("the original's own example file starts it, and it answers", async () => {
  const conf = join(directory, "discovery.toml");
  writeFileSync(
    conf,
    'nodes = ["127.0.0.1:0"]\nenableprotect=false\n[env]\nregion = "sh"\nzone = "sh001"\nhost = "test1"\nDeployEnv = "dev"\n' +
      '[zones]\n[httpServer]\naddr = "127.0.0.1:0"\ntimeout="40s"\n' +
      '[httpClient]\ndial = "1s"\nkeepAlive = "120s"\ntimeout="40s"\n[log]\nstdout = true\n',
  );
  const addr = await run(["-conf", conf]).up();
  expect(await get(addr, "/discovery/fetch?env=dev&appid=infra.discovery&status=1")).toMatchObject({
    code: 0,
    data: { instances: { sh001: [{ region: "sh", hostname: "test1", addrs: [`http://${addr}`] }] } },
  });
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s cancels it, answers polls that hang, finishes what was accepted, and ends it with code 0",
  async (signal) => {
    const running = run(FREE, { DISCOVERYD_LOG_LEVEL: "debug" });
    const addr = await running.up();
    await post(addr, "/discovery/register", encodeForm(registerForm()));
    const shown = await get(addr, "/discovery/fetch?env=dev&appid=provider&status=1");
    const latest = /"latest_timestamp":(\d+)\}$/.exec(JSON.stringify(shown.data))?.[1] ?? "";
    // Rounded by the parser, and read as meant: it is on the grid.
    const poll = get(addr, `/discovery/polls?env=dev&appid=provider&latest_timestamp=${latest}`);
    const slow = connect(Number(addr.split(":")[1]), "127.0.0.1");
    let answer = "";
    slow.setEncoding("utf8").on("data", (text: string) => (answer += text));
    const body = encodeForm(registerForm({ hostname: "h2" }));
    slow.write(
      `POST /discovery/register HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
    );
    await until("the poll hangs", async () => {
      const { body: metrics } = await request(`http://${addr}/metrics`);
      const text = await metrics.text();
      return /^discoveryd_waiting_polls 1$/m.test(text) && /^discoveryd_connections [3-9]/m.test(text);
    });
    running.child.kill(signal);
    expect((await poll).code).toBe(-304);
    slow.write(body.slice(9));
    await until("the slow register is answered", () => answer.endsWith("}"));
    expect(answer).toContain('{"code":0,"message":"0","ttl":1}');
    expect(await running.ended()).toEqual({ code: 0, signal: null });
    expect(running.err).toBe("");
    expect(running.logs.find(({ msg }) => msg === "discoveryd ends")).toMatchObject({ reason: signal });
  },
);

test("a client that never finishes does not hold up the end", async () => {
  const running = run(FREE);
  const addr = await running.up();
  const socket = connect(Number(addr.split(":")[1]), "127.0.0.1").on("error", () => undefined);
  socket.write("POST /discovery/register HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
  await until("it is received", async () => {
    const { body } = await request(`http://${addr}/metrics`);
    return /^discoveryd_connections [2-9]/m.test(await body.text());
  });
  running.child.kill("SIGTERM");
  expect(await running.ended()).toEqual({ code: 0, signal: null });
  socket.destroy();
});

test("a second process on the same port says so in one line", async () => {
  const addr = await run(FREE).up();
  const second = run(["--httpserver.addr", addr]);
  expect((await second.ended()).code).toBe(1);
  expect(second.err).toBe(
    `discoveryd: cannot listen on ${addr}: the port is in use; change it with --httpserver.addr or DISCOVERYD_HTTPSERVER_ADDR\n`,
  );
});

test.each([
  [["--lease.ttl", "soon"], '--lease.ttl = "soon": must be a duration above 0'],
  [["--nonsense"], "--nonsense = true: no such setting"],
  [["--conf", "/nowhere.toml"], "configuration file /nowhere.toml: ENOENT"],
])("%j ends it with code 1 and one line", async (args, line) => {
  const running = run([...FREE, ...args]);
  expect((await running.ended()).code).toBe(1);
  expect(running.err).toMatch(/^discoveryd: [^\n]*\n$/);
  expect(running.err).toContain(line);
  expect(running.out).toBe("");
});

const NO_LOG_DIR = "; must be a directory that can be written to, or made\n";

test.each(["/dev/null/logs", "/proc/x", "/proc/x/y/z", "/proc", "/sys/x", "/sys", "logs\u0000"])(
  "log.dir = %j, where nothing can be made, ends it with code 1 and one line",
  async (value) => {
    const conf = join(directory, "discovery.toml");
    writeFileSync(conf, `log.dir = ${JSON.stringify(value)}`);
    const running = run([...FREE, "--conf", conf]);
    expect(await running.ended()).toEqual({ code: 1, signal: null });
    expect(running.err).toMatch(/^discoveryd: [^\n]*\n$/);
    expect(running.err.startsWith(`discoveryd: log.dir = ${JSON.stringify(value)}: `)).toBe(true);
    expect(running.err.endsWith(NO_LOG_DIR)).toBe(true);
    expect(running.out).toBe("");
  },
);

test.each([
  ["a file", "file", "EEXIST: file already exists, mkdir 'PATH'"],
  ["below a file", "file/logs", "ENOTDIR: not a directory, stat 'PATH'"],
  ["a link that leads nowhere", "link", "EEXIST: file already exists, mkdir 'PATH'"],
  [
    "where a directory has the log's name",
    "taken",
    "EISDIR: illegal operation on a directory, open 'PATH/discoveryd.log'",
  ],
])("a log.dir that is %s ends it with code 1 and one line", async (_, name, reason) => {
  writeFileSync(join(directory, "file"), "");
  symlinkSync(join(directory, "nowhere"), join(directory, "link"));
  mkdirSync(join(directory, "taken", "discoveryd.log"), { recursive: true });
  const path = join(directory, name);
  const running = run([...FREE, "--log.dir", path]);
  expect(await running.ended()).toEqual({ code: 1, signal: null });
  const line = `discoveryd: log.dir = ${JSON.stringify(path)}: ${reason.replace("PATH", path)}`;
  expect(running.err).toBe(line + NO_LOG_DIR);
  expect(running.out).toBe("");
});

test("--help names every setting, --version the version", async () => {
  const [help, version] = [run(["--help"]), run(["-version"])];
  expect([(await help.ended()).code, (await version.ended()).code]).toEqual([0, 0]);
  expect(help.out).toContain("--lease.ttl");
  const { version: expected } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8")) as {
    version: string;
  };
  expect(version.out).toBe(`${expected}\n`);
});

test("a bug is logged with its request but without metadata, answered -500, and ends it with code 1", async () => {
  const patched = `const { Registry } = require(dist + "/registry/registry");
    const register = Registry.prototype.register;
    Registry.prototype.register = function (input) {
      if (input.appid === "provider") throw new Error("a bug");
      return register.call(this, input);
    }`;
  const running = run(FREE, {}, patched);
  const addr = await running.up();
  const { code } = await post(
    addr,
    "/discovery/register",
    encodeForm(registerForm({ metadata: '{"password":"s3cret"}' })),
  );
  expect(code).toBe(-500);
  expect(await running.ended()).toEqual({ code: 1, signal: null });
  expect(running.logs.at(-1)).toMatchObject({
    level: 60,
    msg: "unexpected error: discoveryd ends",
    err: { message: "a bug", stack: expect.stringContaining("Registry") as string },
    request: { path: "/discovery/register", params: expect.stringContaining("appid=provider") as string },
  });
  expect(running.out).not.toContain("s3cret");
});

test("an error outside of any request is logged, and ends it with code 1", async () => {
  const running = run(FREE, {}, 'process.once("SIGUSR2", () => { throw new Error("a bug") })');
  await running.up();
  running.child.kill("SIGUSR2");
  expect((await running.ended()).code).toBe(1);
  expect(running.logs.at(-1)).toMatchObject({ level: 60, err: { message: "a bug" } });
});

test("it logs to a file, too, when told where", async () => {
  const running = run([...FREE, "--log.dir", join(directory, "logs"), "--log.stdout=false"]);
  const log = join(directory, "logs", "discoveryd.log");
  await until("it is up", () => {
    try {
      return readFileSync(log, "utf8").includes('"msg":"discoveryd is up"');
    } catch {
      return false; // not there yet
    }
  });
  expect(running.out).toBe("");
});
