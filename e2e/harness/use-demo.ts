import { parseEnvelope } from "@discoveryd/protocol";
import { eventually, Hopeless } from "./eventually";
import { freePort } from "./free-ports";
import { ROOT, useProcesses, type RunningProcess } from "./processes";
import { useHttp, type Answer, type Http } from "./use-http";

// Enough for the slowest machine to start a process; on a quick one it is a second.
const START_MS = 20_000;

/** What the client answered to one `GET /say_hello`. */
export interface Hello {
  readonly code: number;
  readonly message: string;
  readonly content?: string;
  readonly served_by?: string;
}

export interface DemoServer {
  readonly name: string;
  readonly grpcPort: number;
  readonly process: RunningProcess;
  /** The same server once more, at the same addresses, after this one has ended. Resolves once it serves. */
  restart(): Promise<DemoServer>;
}

/** What `startAll` started; the servers by name. */
export interface Started<N extends string> {
  readonly registry: RunningProcess;
  readonly servers: Readonly<Record<N, DemoServer>>;
  readonly client: RunningProcess;
}

interface Parts {
  readonly processes: ReturnType<typeof useProcesses>;
  readonly http: Http;
  readonly registryPort: number;
  readonly clientPort: number;
}

/** A registry, servers and a client on ports of their own, started in the order a test wants. */
export class Demo {
  constructor(private readonly parts: Parts) {}

  get registryPort(): number {
    return this.parts.registryPort;
  }

  get clientPort(): number {
    return this.parts.clientPort;
  }

  /** Resolves once it is ready. `env` goes over what it gets anyway, here and below. */
  async startRegistry(env: NodeJS.ProcessEnv = {}): Promise<RunningProcess> {
    const { registryPort } = this;
    const addr = { DISCOVERYD_HTTPSERVER_ADDR: `127.0.0.1:${registryPort}` };
    const registry = this.start("registry", ["packages/registry-server/dist/main.js"], { ...addr, ...env });
    await this.isUp(registryPort, "/readyz", registry);
    return registry;
  }

  /** Resolves once it serves, which says nothing of its registration. `name` is what its answers carry. */
  async startServer(
    name: string,
    env: NodeJS.ProcessEnv = {},
    args: readonly string[] = [],
  ): Promise<DemoServer> {
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    const restart = async (): Promise<DemoServer> => {
      const server = this.start(name, ["apps/demo-server/dist/main.js", ...args], {
        HOSTNAME: name,
        GRPC_ADDR: `127.0.0.1:${grpcPort}`,
        HTTP_ADDR: `127.0.0.1:${httpPort}`,
        GRPC_DRAIN: "500ms",
        ...env,
      });
      await this.isUp(httpPort, "/healthz", server);
      return { name, grpcPort, process: server, restart };
    };
    return restart();
  }

  /** Resolves once it takes requests, whether or not there is a server to call. */
  async startClient(env: NodeJS.ProcessEnv = {}): Promise<RunningProcess> {
    const client = this.start("client", ["apps/demo-client/dist/main.js"], {
      HOSTNAME: "client",
      HTTP_ADDR: `127.0.0.1:${this.clientPort}`,
      // A busy machine is not what these tests are about; those about timeouts set their own.
      GRPC_TIMEOUT: "5s",
      ...env,
    });
    await this.isUp(this.clientPort, "/healthz", client);
    return client;
  }

  /** The registry, servers of these names and a client, once the client has reached all of them. */
  async startAll<const N extends string>(
    names: readonly N[],
    registryEnv: NodeJS.ProcessEnv = {},
  ): Promise<Started<N>> {
    const registry = await this.startRegistry(registryEnv);
    const [client, ...started] = await Promise.all([
      this.startClient(),
      ...names.map((name) => this.startServer(name)),
    ]);
    const seen = new Set<string | undefined>();
    await eventually(async () => {
      seen.add((await this.sayHello()).served_by);
      expect(names.filter((name) => !seen.has(name))).toEqual([]);
    }, START_MS);
    const servers = Object.fromEntries(started.map((server) => [server.name, server]));
    return { registry, client, servers: servers as Record<N, DemoServer> };
  }

  async sayHello(name = "Ada"): Promise<Hello> {
    const { text } = await this.get(this.clientPort, `/say_hello?name=${encodeURIComponent(name)}`);
    const { code, message, data } = parseEnvelope(text);
    return { code, message, ...(data as object | undefined) };
  }

  /** The host names registered for demo.service. */
  async registered(): Promise<string[]> {
    const { text } = await this.get(
      this.registryPort,
      "/discovery/fetch?env=dev&appid=demo.service&status=1",
    );
    return [...text.matchAll(/"hostname":"([^"]*)"/g)].map((match) => match[1] as string);
  }

  get(port: number, path: string): Promise<Answer> {
    return this.parts.http.get(port, path);
  }

  post(port: number, path: string, form: string): Promise<Answer> {
    return this.parts.http.post(port, path, form);
  }

  private start(name: string, [main, ...args]: readonly string[], env: NodeJS.ProcessEnv): RunningProcess {
    return this.parts.processes.start({
      name,
      command: [process.execPath, `${ROOT}/${main}`, ...args],
      env: { DISCOVERY_NODES: `127.0.0.1:${this.registryPort}`, ...env },
    });
  }

  private async isUp(port: number, path: string, running: RunningProcess): Promise<void> {
    await eventually(async () => {
      if (!running.running) throw new Hopeless(`${running.name} has ended`);
      expect((await this.get(port, path)).status).toBe(200);
    }, START_MS);
  }
}

/** A demo for each test of a file; all its processes end with the test. */
export function useDemo(): () => Promise<Demo> {
  const processes = useProcesses();
  const http = useHttp();
  return async () =>
    new Demo({ processes, http, registryPort: await freePort(), clientPort: await freePort() });
}
