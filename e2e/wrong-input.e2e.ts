import { createServer, type AddressInfo, type Server } from "node:net";
import { ROOT, useProcesses } from "./harness/processes";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();
const processes = useProcesses();
const taken: Server[] = [];

afterEach(() => {
  for (const server of taken.splice(0)) server.close();
});

/** A port that somebody listens on already. */
async function takenPort(): Promise<number> {
  const server = createServer();
  taken.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Runs a program that is to fail: its exit status, and what it wrote to stderr. */
async function fails(main: string, env: NodeJS.ProcessEnv, args: string[] = []) {
  const running = processes.start({
    name: main,
    command: [process.execPath, `${ROOT}/${main}`, ...args],
    env,
  });
  const { code } = await running.exited;
  return { code, said: running.errors };
}

const REGISTRY = "packages/registry-server/dist/main.js";
const SERVER = "apps/demo-server/dist/main.js";
const CLIENT = "apps/demo-client/dist/main.js";
const somewhere = { GRPC_ADDR: "127.0.0.1:0", HTTP_ADDR: "127.0.0.1:0", HOSTNAME: "h1" };

describe("the registry answers -400 in one line", () => {
  test.each([
    ["a missing parameter", "env=dev&zone=z&hostname=h&status=1&addrs=grpc://1.2.3.4:1", /\bappid\b/],
    ["a bad status", "env=dev&zone=z&appid=a&hostname=h&status=7&addrs=grpc://1.2.3.4:1", /\bstatus\b.*7/],
  ])("%s", async (_, form, names) => {
    const demo = await startDemo();
    await demo.startRegistry();
    const { status, text } = await demo.post(demo.registryPort, "/discovery/register", form);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      code: -400,
      message: expect.stringMatching(names) as string,
      ttl: 1,
    });
  });
});

test("a port in use ends the registry with one line", async () => {
  const port = await takenPort();
  const { code, said } = await fails(REGISTRY, { DISCOVERYD_HTTPSERVER_ADDR: `127.0.0.1:${port}` });
  expect(said).toMatch(new RegExp(`^discoveryd: .*127\\.0\\.0\\.1:${port}.*\\n$`));
  expect(code).toBe(1);
});

test.each(["GRPC_ADDR", "HTTP_ADDR"])(
  "a port in use ends the server with one line that names %s",
  async (variable) => {
    const port = await takenPort();
    const { code, said } = await fails(SERVER, {
      ...somewhere,
      DEMO_REGISTER: "false",
      [variable]: `127.0.0.1:${port}`,
    });
    const file = variable === "GRPC_ADDR" ? "grpc" : "http";
    expect(said).toBe(
      `demo-server: cannot listen on 127.0.0.1:${port}: another process uses it; change ${file}.toml addr or ${variable}\n`,
    );
    expect(code).toBe(1);
  },
);

test.each([
  ["demo-server", SERVER],
  ["demo-client", CLIENT],
])("without DISCOVERY_NODES %s ends with one line that says what to set", async (name, main) => {
  const { code, said } = await fails(main, somewhere);
  expect(said).toMatch(
    new RegExp(
      `^${name}: invalid discovery config nodes:\\[\\] region:region01 zone:zone01 deployEnv:dev host:h1.*DISCOVERY_NODES.*\\n$`,
    ),
  );
  expect(code).toBe(1);
});

test.each(["discovery://default", "nosuch://default/demo.service", "direct://default/here"])(
  "the target %s ends the client with one line that quotes it",
  async (target) => {
    const { code, said } = await fails(CLIENT, {
      ...somewhere,
      DISCOVERY_NODES: "127.0.0.1:1",
      DEMO_TARGET: target,
    });
    expect(said).toMatch(/^demo-client: .*\n$/);
    expect(said).toContain(target);
    expect(code).toBe(1);
  },
);

test.each([
  [
    "a wrong value",
    { GRPC_DRAIN: "soon" },
    'demo-server: GRPC_DRAIN = "soon": use a duration such as "250ms", "1.5s" or "1m"\n',
  ],
  [
    "a wrong address",
    { HTTP_ADDR: "8000" },
    'demo-server: HTTP_ADDR = "8000": use host:port, such as 0.0.0.0:9000 or [::1]:9000\n',
  ],
])("%s ends the server with one line that says what is allowed", async (_, env, line) => {
  const { code, said } = await fails(SERVER, env);
  expect(said).toBe(line);
  expect(code).toBe(1);
});
