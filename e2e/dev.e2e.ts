import { createServer, type AddressInfo } from "node:net";
import { request } from "undici";
import { eventually, Hopeless } from "./harness/eventually";
import { freePort, freePorts } from "./harness/free-ports";
import { MARK, markedProcesses } from "./harness/marked-processes";
import { ROOT, useProcesses, type RunningProcess } from "./harness/processes";

const processes = useProcesses();
let runs = 0;

/** As many servers as a test starts at most. */
const SERVERS = 3;

// The build, which is cached mostly, and five processes.
const READY_MS = 60_000;
// Long enough for a busy machine; each process ends within a fraction of it.
const END_MS = 15_000;
jest.setTimeout(READY_MS + 2 * END_MS);

const DEV = [process.execPath, "scripts/dev.mjs"] as const;
const YARN = [`${ROOT}/node_modules/.bin/yarn`, "dev"] as const;
const NPM = ["npm", "run", "dev"] as const;

interface Dev {
  readonly running: RunningProcess;
  readonly clientPort: number;
  readonly env: NodeJS.ProcessEnv;
  /** What runs of all that came of it. */
  left(): string[];
}

/** Starts it on ports of its own. */
async function startDev(
  command: readonly [string, ...string[]],
  { env = {}, group = false }: { env?: NodeJS.ProcessEnv; group?: boolean } = {},
): Promise<Dev> {
  const mark = `${process.pid}-${++runs}`;
  const clientPort = await freePort();
  const all = {
    [MARK]: mark,
    REGISTRY_PORT: String(await freePort()),
    DEMO_GRPC_PORT: String(await freePorts(SERVERS)),
    DEMO_HTTP_PORT: String(await freePorts(SERVERS)),
    DEMO_CLIENT_PORT: String(clientPort),
    ...env,
  };
  const running = processes.start({ name: "dev", command, env: all, group });
  return { running, clientPort, env: all, left: () => markedProcesses(mark) };
}

/** Resolves with the line that says it is ready. */
function ready({ running }: Dev): Promise<string> {
  return eventually(() => {
    if (!running.running) throw new Hopeless("it has ended");
    return lineWith(running, "ready:");
  }, READY_MS);
}

function lineWith(running: RunningProcess, text: string): string {
  const line = running.output.split("\n").find((candidate) => candidate.includes(text));
  if (line === undefined) throw new Error(`no line with ${JSON.stringify(text)}`);
  return line;
}

async function expectNothingLeft({ left }: Dev): Promise<void> {
  await eventually(() => expect(left()).toEqual([]), END_MS);
}

/** Runs the first command in quotes of the ready line, as a reader would. */
async function curl(line: string): Promise<string> {
  const [, url] = /curl '([^']+)'/.exec(line) ?? [];
  const { body } = await request(`http://${url}`);
  return body.text();
}

/** The process id that dev wrote down for one of its processes. */
function pidOf(running: RunningProcess, name: string): number {
  return Number(/pid (\d+)/.exec(lineWith(running, `${name} starts`))?.[1]);
}

test("yarn dev says what to curl, which works, and Ctrl-C leaves no process", async () => {
  const dev = await startDev(YARN, { group: true, env: { DEMO_SERVERS: String(SERVERS) } });
  const line = await ready(dev);
  expect(line).toContain(`open http://127.0.0.1:${dev.clientPort}/say_hello?name=Ada`);
  expect(await curl(line)).toMatch(
    /^\{"code":0,"message":"0","ttl":1,"data":\{"content":"hello Ada","served_by":"demo-server-[123]"\}\}$/,
  );
  expect(dev.left().length).toBeGreaterThanOrEqual(5);
  dev.running.killGroup("SIGINT");
  await dev.running.exited;
  await expectNothingLeft(dev);
});

test("SIGTERM to npm leaves no process", async () => {
  const dev = await startDev(NPM);
  await ready(dev);
  dev.running.kill("SIGTERM");
  await expectNothingLeft(dev);
});

test("SIGTERM to yarn leaves no process", async () => {
  const dev = await startDev(YARN);
  await ready(dev);
  dev.running.kill("SIGTERM");
  await expectNothingLeft(dev);
});

test("SIGTERM ends it in order, with status 0", async () => {
  const dev = await startDev(DEV);
  await ready(dev);
  const { code } = await dev.running.end("SIGTERM");
  expect(code).toBe(0);
  expect(dev.left()).toEqual([]);
});

test("SIGTERM during the build leaves no process", async () => {
  const dev = await startDev(DEV);
  await eventually(() => lineWith(dev.running, "building"), END_MS);
  await dev.running.end("SIGTERM");
  await expectNothingLeft(dev);
});

test("killed with SIGKILL, it takes its processes along", async () => {
  const dev = await startDev(DEV);
  await ready(dev);
  await dev.running.end("SIGKILL");
  await expectNothingLeft(dev);
});

test("a process that dies ends all the others, and its last lines are shown", async () => {
  const dev = await startDev(DEV);
  await ready(dev);
  process.kill(pidOf(dev.running, "demo-server-1"), "SIGKILL");
  const { code } = await dev.running.exited;
  expect(code).toBe(1);
  expect(lineWith(dev.running, "demo-server-1 ended with SIGKILL")).toContain("the last it said:");
  await expectNothingLeft(dev);
});

test("a direct target works without a registry", async () => {
  const port = await freePort();
  const dev = await startDev(DEV, {
    env: { DEMO_GRPC_PORT: String(port), DEMO_TARGET: `direct://default/127.0.0.1:${port}` },
  });
  expect(await curl(await ready(dev))).toContain('"content":"hello Ada"');
  expect(dev.running.output).not.toContain("registry starts");
  await dev.running.end("SIGTERM");
  await expectNothingLeft(dev);
});

test("a port in use is one line that says which, and what changes it, before anything starts", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const { running } = await startDev(DEV, { env: { REGISTRY_PORT: String(port) } });
  const { code } = await running.exited;
  taken.close();
  expect(running.output).toBe(
    `dev: port ${port} (the registry) is in use: free it, or choose another with REGISTRY_PORT\n`,
  );
  expect(code).toBe(1);
});
