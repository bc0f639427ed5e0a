import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it came, its parameters from query and body together. */
export interface Received {
  readonly path: string;
  readonly params: URLSearchParams;
  /** As it came, for one that is no form. */
  readonly body: string;
}

/** Answers a request in its own way, and returns true; or returns false to have it answered as a registry does. */
export type Lie = (request: Received, response: ServerResponse) => boolean;

interface App {
  instances: Map<string, Record<string, unknown>>;
  latest: bigint;
}

interface Waiter {
  readonly params: URLSearchParams;
  readonly response: ServerResponse;
}

/**
 * A registry of one node for tests: real sockets, little memory, and as wrong as a test wants. Only what the SDK
 * asks for, without leases or peers.
 */
export class FakeRegistry {
  /** Every request so far. */
  readonly requests: Received[] = [];
  lie: Lie = () => false;
  private apps = new Map<string, App>();
  private waiters = new Set<Waiter>();
  private sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;
  private clock = 1_795_342_003_000_000_000n;

  /** `host:port`. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get origin(): string {
    return `http://${this.address}`;
  }

  /** How many polls hang now. */
  get hanging(): number {
    return this.waiters.size;
  }

  /** The requests for a path such as `renew`. */
  asked(name: string): Received[] {
    return this.requests.filter(({ path }) => path === `/discovery/${name}`);
  }

  /** Listens, on the same port each time. */
  async start(): Promise<this> {
    const server = createServer((request, response) => void this.receive(request, response));
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** As when the process is killed. What it knew is kept, unless `forget` is called. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.waiters.clear();
    for (const socket of this.sockets) socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  forget(): void {
    this.apps = new Map();
  }

  /** The host names registered for an app. */
  hostnames(appid: string): string[] {
    return [...(this.apps.get(appid)?.instances.keys() ?? [])];
  }

  /** Puts an instance there, as if somebody had registered it. */
  put(appid: string, hostname: string, fields: Record<string, unknown> = {}): void {
    this.change(appid, (app) => app.instances.set(hostname, instanceOf(appid, hostname, fields)));
  }

  /** Takes an instance out, as if somebody had cancelled it. */
  remove(appid: string, hostname: string): void {
    this.change(appid, (app) => app.instances.delete(hostname));
  }

  /** Ends all hanging polls as a registry does after 30 s. */
  expirePolls(): void {
    for (const { response } of this.waiters) answer(response, -304);
    this.waiters.clear();
  }

  private change(appid: string, change: (app: App) => void): void {
    const app = this.apps.get(appid) ?? { instances: new Map(), latest: 0n };
    this.apps.set(appid, app);
    change(app);
    app.latest = this.clock += 1_000_001n;
    for (const waiter of this.waiters) this.poll(waiter);
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const url = new URL(request.url ?? "", "http://registry");
    const params = new URLSearchParams([...new URLSearchParams(body), ...url.searchParams]);
    const received = { path: url.pathname, params, body };
    this.requests.push(received);
    if (!this.lie(received, response)) this.serve(received, response);
  }

  private serve({ path, params, body }: Received, response: ServerResponse): void {
    const appid = params.get("appid") ?? "";
    const hostname = params.get("hostname") ?? "";
    const known = this.apps.get(appid)?.instances.get(hostname);
    switch (path) {
      case "/discovery/register":
        this.put(appid, hostname, fieldsOf(params));
        return answer(response, 0);
      case "/discovery/renew":
        return answer(response, known ? 0 : -404);
      case "/discovery/renews":
        return answer(response, 0, JSON.stringify(this.codesOf(body)));
      case "/discovery/cancel":
        if (known) this.remove(appid, hostname);
        return answer(response, known ? 0 : -404);
      case "/discovery/set":
        if (known) this.put(appid, hostname, { ...known, ...fieldsOf(params) });
        return answer(response, known ? 0 : -404);
      case "/discovery/fetchs":
        return answer(response, 0, this.dataOf(params.getAll("appid")));
      case "/discovery/polls":
        this.poll({ params, response });
        return;
    }
    response.writeHead(404).end("no such path");
  }

  private codesOf(body: string): { code: number }[] {
    const keys = JSON.parse(body) as { appid: string; hostname: string }[];
    return keys.map(({ appid, hostname }) => ({
      code: this.apps.get(appid)?.instances.has(hostname) ? 0 : -404,
    }));
  }

  private poll(waiter: Waiter): void {
    const { params, response } = waiter;
    const timestamps = params.getAll("latest_timestamp");
    const newer = params
      .getAll("appid")
      .filter((appid, at) => (this.apps.get(appid)?.latest ?? 0n) > BigInt(timestamps[at] ?? 0));
    if (newer.length === 0) {
      this.waiters.add(waiter);
      response.once("close", () => this.waiters.delete(waiter));
      return;
    }
    this.waiters.delete(waiter);
    answer(response, 0, this.dataOf(newer));
  }

  private dataOf(appids: readonly string[]): string {
    const members = appids.flatMap((appid) => {
      const app = this.apps.get(appid);
      return app ? `${JSON.stringify(appid)}:${encodeApp(app)}` : [];
    });
    return `{${members.join(",")}}`;
  }
}

/** An answer of a registry. */
export function answer(response: ServerResponse, code: number, data?: string, message = String(code)): void {
  response.writeHead(200, { "content-type": "application/json" });
  const head = `{"code":${code},"message":${JSON.stringify(message)},"ttl":1`;
  response.end(data === undefined ? `${head}}` : `${head},"data":${data}}`);
}

function encodeApp({ instances, latest }: App): string {
  const zones = new Map<string, string[]>();
  for (const instance of instances.values()) {
    if (instance["status"] !== 1) continue;
    const zone = String(instance["zone"]);
    // Written by hand, so that the timestamp is a bare integer with all its digits.
    const text = JSON.stringify(instance).replace(/}$/, `,"latest_timestamp":${latest}}`);
    zones.set(zone, [...(zones.get(zone) ?? []), text]);
  }
  const members = [...zones].map(([zone, list]) => `${JSON.stringify(zone)}:[${list.join(",")}]`);
  return `{"instances":{${members.join(",")}},"latest_timestamp":${latest}}`;
}

function instanceOf(
  appid: string,
  hostname: string,
  fields: Record<string, unknown>,
): Record<string, unknown> {
  return {
    region: "region01",
    zone: "zone01",
    env: "dev",
    appid,
    addrs: ["grpc://127.0.0.1:9000"],
    version: "",
    metadata: {},
    status: 1,
    ...fields,
    hostname,
  };
}

function fieldsOf(params: URLSearchParams): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of ["region", "zone", "env", "version"]) {
    if (params.has(name)) fields[name] = params.get(name);
  }
  if (params.has("addrs")) fields["addrs"] = params.getAll("addrs");
  if (params.has("status")) fields["status"] = Number(params.get("status"));
  if (params.has("metadata")) fields["metadata"] = JSON.parse(params.get("metadata") ?? "{}");
  return fields;
}
