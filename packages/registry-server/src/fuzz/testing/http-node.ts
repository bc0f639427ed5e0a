import { INFRA_APPID, type InstanceKey, type Scheduler } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { RegistryServer } from "../../server";
import {
  readReply,
  targetOf,
  type Leftovers,
  type NodeUnderTest,
  type OpenPoll,
  type Reply,
  type WireCall,
} from "./node-under-test";
import { RawConnection, requestBytes } from "./raw-connection";
import { configOf, type TestSettings } from "./test-settings";

/** The longest wait for something that must happen, in milliseconds of real time. */
const PATIENCE_MS = 5_000;

/** A whole server behind a real socket: polls each on a connection of their own, other calls pipelined on one. */
export class HttpNode implements NodeUnderTest {
  readonly exact = false;
  readonly self: InstanceKey;
  private readonly bugs: unknown[] = [];

  private constructor(
    readonly clock: FakeClock,
    private readonly server: RegistryServer,
    private readonly connection: RawConnection,
    zone: string,
    hostname: string,
    env: string,
    bugs: unknown[],
  ) {
    this.self = { env, appid: INFRA_APPID, zone, hostname };
    this.bugs = bugs;
  }

  static async start(settings: TestSettings): Promise<HttpNode> {
    const config = configOf(settings);
    const clock = new FakeClock(settings.startMs);
    const bugs: unknown[] = [];
    const server = new RegistryServer({ config, clock, burstMs: 0, onBug: (error) => bugs.push(error) });
    await server.start();
    const connection = await RawConnection.open(server.port as number);
    return new HttpNode(clock, server, connection, config.zone, config.host, config.deployEnv, bugs);
  }

  get size(): number {
    return this.server.registry.size;
  }

  private get waiters(): number {
    return this.server["subscriptions"].size;
  }

  async calls(calls: readonly WireCall[]): Promise<Reply[]> {
    this.connection.send(Buffer.concat(calls.map(bytesOf)));
    const replies: Reply[] = [];
    for (const { route } of calls) {
      const response = await this.connection.next();
      if (response?.status !== 200) throw new Error(`${route.path}: HTTP ${response?.status ?? "ended"}`);
      replies.push(readReply(response.body));
    }
    return replies;
  }

  async poll(call: WireCall): Promise<OpenPoll> {
    const before = this.waiters;
    const poll = new HttpPoll(await RawConnection.open(this.server.port as number), this.clock);
    poll.connection.send(bytesOf(call));
    await until("the poll hangs or is answered", () => poll.reply !== undefined || this.waiters > before);
    return poll;
  }

  async hangUp(polls: readonly OpenPoll[]): Promise<void> {
    const expected = this.waiters - polls.filter(({ reply }) => reply === undefined).length;
    for (const poll of polls) (poll as HttpPoll).connection.destroy();
    await until("the waiters of those who hung up are gone", () => this.waiters <= expected);
  }

  async settle(awaited: readonly OpenPoll[]): Promise<void> {
    await until(`${awaited.length} polls are answered`, () => awaited.every(({ reply }) => reply));
  }

  schedule(env: string, appid: string, scheduler: Scheduler | undefined): void {
    this.server.registry.schedule(env, appid, scheduler);
  }

  async close(): Promise<Leftovers> {
    this.connection.destroy();
    await this.server.close();
    return { waiters: this.waiters, timers: this.clock.pending, bugs: this.bugs.length };
  }
}

class HttpPoll implements OpenPoll {
  reply: Reply | undefined;
  repliedAt: number | undefined;

  constructor(
    readonly connection: RawConnection,
    clock: FakeClock,
  ) {
    void connection.next().then((response) => {
      if (!response) return;
      this.reply = readReply(response.body);
      this.repliedAt = clock.monotonic();
      connection.destroy();
    });
  }
}

function bytesOf(call: WireCall): Buffer {
  const headers = Object.entries(call.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return requestBytes({ method: call.route.method, target: targetOf(call), headers });
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise(setImmediate);
  }
}
