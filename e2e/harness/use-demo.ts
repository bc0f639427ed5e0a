import { parseEnvelope } from "@discoveryd/protocol";
import { Pool, type Dispatcher } from "undici";
import { eventually, Hopeless } from "./eventually";
import { freePort } from "./free-ports";
import { ROOT, useProcesses, type RunningProcess } from "./processes";

// Enough for the slowest machine to start a process; on a quick one it is a second.
const START_MS = 20_000;

/** What the client answered to one `GET /say_hello`. */
export interface Hello {
  readonly code: number;
  readonly message: string;
  readonly content?: string;
  readonly served_by?: string;
}

/** An HTTP answer, as text. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A registry, servers and a client on ports of their own, started in the order a test wants. */
export interface Demo {
  readonly registryPort: number;
  readonly clientPort: number;
  /** Resolves once it is ready. `env` goes over what every process of this demo gets. */
  startRegistry(env?: NodeJS.ProcessEnv): Promise<RunningProcess>;
  /** Resolves once it serves, which says nothing of its registration. `name` is what its answers carry. */
  startServer(name: string, env?: NodeJS.ProcessEnv, args?: readonly string[]): Promise<DemoServer>;
  /** Resolves once it takes requests, whether or not there is a server to call. */
  startClient(env?: NodeJS.ProcessEnv): Promise<RunningProcess>;
  /** The registry, servers of these names and a client, once the client has reached all of them. */
  startAll<const N extends string>(names: readonly N[], registryEnv?: NodeJS.ProcessEnv): Promise<Started<N>>;
  sayHello(name?: string): Promise<Hello>;
  /** A GET request to a port of 127.0.0.1. */
  get(port: number, path: string): Promise<Answer>;
  /** A POST request with a form as its body. */
  post(port: number, path: string, form: string): Promise<Answer>;
  /** The host names registered for demo.service. */
  registered(): Promise<string[]>;
}

export interface DemoServer {
  readonly name: string;
  readonly grpcPort: number;
  readonly process: RunningProcess;
}

/** What `startAll` started; the servers by name. */
export interface Started<N extends string> {
  readonly registry: RunningProcess;
  readonly servers: Readonly<Record<N, DemoServer>>;
  readonly client: RunningProcess;
}

/** A demo for each test of a file; all its processes end with the test. */
export function useDemo(): () => Promise<Demo> {
  const processes = useProcesses();
  const pools = new Map<number, Pool>();

  afterEach(async () => {
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    pools.clear();
  });

  async function send(port: number, request: Dispatcher.RequestOptions): Promise<Answer> {
    const pool = pools.get(port) ?? new Pool(`http://127.0.0.1:${port}`, { connections: 50 });
    pools.set(port, pool);
    const { statusCode, body } = await pool.request(request);
    return { status: statusCode, text: await body.text() };
  }

  function get(port: number, path: string): Promise<Answer> {
    return send(port, { method: "GET", path });
  }

  function post(port: number, path: string, form: string): Promise<Answer> {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return send(port, { method: "POST", path, headers, body: form });
  }

  async function isUp(port: number, path: string, running: RunningProcess): Promise<void> {
    await eventually(async () => {
      if (!running.running) throw new Hopeless(`${running.name} has ended`);
      expect((await get(port, path)).status).toBe(200);
    }, START_MS);
  }

  return async () => {
    const [registryPort, clientPort] = [await freePort(), await freePort()];
    const everywhere = { DISCOVERY_NODES: `127.0.0.1:${registryPort}`, GRPC_DRAIN: "500ms" };

    const demo: Demo = {
      registryPort,
      clientPort,
      get,
      post,

      async startRegistry(env) {
        const registry = processes.start({
          name: "registry",
          command: [process.execPath, `${ROOT}/packages/registry-server/dist/main.js`],
          env: { ...everywhere, DISCOVERYD_HTTPSERVER_ADDR: `127.0.0.1:${registryPort}`, ...env },
        });
        await isUp(registryPort, "/readyz", registry);
        return registry;
      },

      async startServer(name, env, args = []) {
        const [grpcPort, httpPort] = [await freePort(), await freePort()];
        const server = processes.start({
          name,
          command: [process.execPath, `${ROOT}/apps/demo-server/dist/main.js`, ...args],
          env: {
            ...everywhere,
            HOSTNAME: name,
            GRPC_ADDR: `127.0.0.1:${grpcPort}`,
            HTTP_ADDR: `127.0.0.1:${httpPort}`,
            ...env,
          },
        });
        await isUp(httpPort, "/healthz", server);
        return { name, grpcPort, process: server };
      },

      async startClient(env) {
        const client = processes.start({
          name: "client",
          command: [process.execPath, `${ROOT}/apps/demo-client/dist/main.js`],
          env: {
            ...everywhere,
            HOSTNAME: "client",
            HTTP_ADDR: `127.0.0.1:${clientPort}`,
            // A busy machine is not what these tests are about; those about timeouts set their own.
            GRPC_TIMEOUT: "5s",
            ...env,
          },
        });
        await isUp(clientPort, "/healthz", client);
        return client;
      },

      async startAll<const N extends string>(names: readonly N[], registryEnv?: NodeJS.ProcessEnv) {
        const registry = await demo.startRegistry(registryEnv);
        const [client, ...started] = await Promise.all([
          demo.startClient(),
          ...names.map((name) => demo.startServer(name)),
        ]);
        const seen = new Set<string | undefined>();
        await eventually(async () => {
          seen.add((await demo.sayHello()).served_by);
          expect(names.filter((name) => !seen.has(name))).toEqual([]);
        }, START_MS);
        const servers = Object.fromEntries(started.map((server) => [server.name, server]));
        return { registry, client, servers: servers as Record<N, DemoServer> };
      },

      async sayHello(name = "Ada") {
        const { text } = await get(clientPort, `/say_hello?name=${encodeURIComponent(name)}`);
        const { code, message, data } = parseEnvelope(text);
        return { code, message, ...(data as object | undefined) };
      },

      async registered() {
        const { text } = await get(registryPort, "/discovery/fetch?env=dev&appid=demo.service&status=1");
        return [...text.matchAll(/"hostname":"([^"]*)"/g)].map((match) => match[1] as string);
      },
    };
    return demo;
  };
}
