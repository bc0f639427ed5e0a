import type { Clock } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { pino, type Logger } from "pino";
import { Agent, type Dispatcher } from "undici";
import { readCommand } from "../config";
import { RegistryServer, type ServerOptions } from "../server";
import type { Config } from "../settings";
import { registerForm } from "./builders";
import { until } from "./until";

/** Parameters of a request; a list is sent as the name repeated. */
export type Form = Readonly<Record<string, string | readonly string[]>>;

/** An answer, as text and as a client reads it. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The envelope's; undefined when the answer is none. */
  readonly code: number | undefined;
  readonly message: string | undefined;
  readonly data: unknown;
}

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface NodeOptions<C extends Clock> extends Pick<
  ServerOptions,
  "onBug" | "burstMs" | "viaExpress"
> {
  readonly config?: Partial<Config>;
  readonly clock?: C;
}

/** When the fake clocks begin: a moment with nothing special about it. */
export const START_MS = 1_795_342_003_214;

/** A node on a free port, and a client of it. */
export class TestNode<C extends Clock = FakeClock> {
  private closing: Promise<void> | undefined;
  private readonly agent = new Agent({ pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });

  constructor(
    readonly server: RegistryServer,
    readonly clock: C,
    /** Everything logged so far, parsed. */
    readonly logs: readonly LogLine[],
  ) {}

  get port(): number {
    return this.server.port as number;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** How many long polls hang. */
  get waiting(): number {
    return this.server["subscriptions"].size;
  }

  get(path: string, query: Form = {}, headers: Record<string, string> = {}): Promise<Reply> {
    return this.request({ method: "GET", path: withQuery(path, query), headers });
  }

  post(path: string, form: Form = {}, headers: Record<string, string> = {}): Promise<Reply> {
    return this.postBody(path, encodeForm(form), "application/x-www-form-urlencoded", headers);
  }

  postBody(
    path: string,
    body: string | Buffer,
    type?: string,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const contentType: Record<string, string> = type === undefined ? {} : { "content-type": type };
    return this.request({ method: "POST", path, body, headers: { ...contentType, ...headers } });
  }

  /** Registers `key`, with these changes. */
  register(changes: Record<string, string | string[]> = {}): Promise<Reply> {
    return this.post("/discovery/register", registerForm(changes));
  }

  async request(options: Omit<Dispatcher.RequestOptions, "origin">): Promise<Reply> {
    const { statusCode, headers, body } = await this.agent.request({ ...options, origin: this.origin });
    const text = await body.text();
    return { status: statusCode, headers, text, ...readEnvelope(text) };
  }

  /** Opens a poll; resolves when it hangs. Its answer comes later, through `reply`. */
  async hang(
    path: string,
    query: Form,
    headers: Record<string, string> = {},
  ): Promise<{ reply: Promise<Reply> }> {
    const before = this.waiting;
    const reply = this.get(path, query, headers);
    reply.catch(() => undefined);
    await until(`${path} hangs`, () => this.waiting > before);
    return { reply };
  }

  /** The app's timestamp, to the digit, as it stands on the wire. */
  async latest(appid = "provider", env = "dev"): Promise<string> {
    const { text } = await this.get("/discovery/fetch", { env, appid, status: "3" });
    return /"latest_timestamp":(\d+)\}\}$/.exec(text)?.[1] ?? "none";
  }

  /** Safe to call twice. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    let closed = false;
    const closing = this.server.close().finally(() => (closed = true));
    await until("the server is closed", async () => {
      // Peers that do not answer are given up by the clock.
      if (!closed && this.clock instanceof FakeClock) await this.clock.advance(5);
      return closed;
    });
    await closing;
    await this.agent.destroy();
  }
}

/** The defaults on a free port of the loopback, alone, with these changes. */
export function testConfig(changes: Partial<Config> = {}): Config {
  const command = readCommand(["--httpserver.addr=127.0.0.1:0"], {});
  if (command.kind !== "run") throw new Error(`not a run: ${command.kind}`);
  return { ...command.config, nodes: ["127.0.0.1:0"], host: "self", zone: "sh001", region: "sh", ...changes };
}

/** Starts nodes for a test, and closes them after it; no fake clock may then have a timer left. */
export function useNodes() {
  const nodes: TestNode<Clock>[] = [];

  afterEach(async () => {
    for (const node of nodes.splice(0)) {
      await node.close();
      if (node.clock instanceof FakeClock) expect(node.clock.pending).toBe(0);
    }
  });

  return async function startNode<C extends Clock = FakeClock>(
    options: NodeOptions<C> = {},
  ): Promise<TestNode<C>> {
    const clock = options.clock ?? (new FakeClock(START_MS) as unknown as C);
    const logs: LogLine[] = [];
    const config = testConfig(options.config);
    const server = new RegistryServer({
      burstMs: 0,
      ...options,
      config,
      clock,
      logger: recorder(logs, config.logLevel),
    });
    const node = new TestNode(server, clock, logs);
    nodes.push(node);
    await server.start();
    return node;
  };
}

/** A logger whose lines land in the list. */
export function recorder(lines: LogLine[], level = "trace"): Logger {
  return pino({ level, base: null }, { write: (line) => lines.push(JSON.parse(line) as LogLine) });
}

export function encodeForm(form: Form): string {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((item): [string, string] => [name, item]),
  );
  return new URLSearchParams(pairs).toString();
}

export function withQuery(path: string, query: Form): string {
  const text = encodeForm(query);
  return text === "" ? path : `${path}?${text}`;
}

function readEnvelope(text: string): Pick<Reply, "code" | "message" | "data"> {
  if (!text.startsWith("{")) return { code: undefined, message: undefined, data: undefined };
  const { code, message, data } = JSON.parse(text) as { code?: number; message?: string; data?: unknown };
  return { code, message, data };
}
