import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { INFRA_APPID, type InstanceKey, type Scheduler } from "@discoveryd/protocol";
import { seededRandom } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { pino } from "pino";
import { Cluster } from "../../cluster/cluster";
import { createDispatch, type Dispatch } from "../../http/dispatcher";
import { HeldPolls } from "../../http/held-polls";
import { pollRoutes } from "../../http/poll-routes";
import { readRoutes } from "../../http/read-routes";
import { renewsRoute } from "../../http/renews-route";
import { writeRoutes } from "../../http/write-routes";
import { Registry } from "../../registry/registry";
import { Subscriptions } from "../../registry/subscriptions";
import { Sweeper } from "../../registry/sweeper";
import {
  readReply,
  targetOf,
  type Leftovers,
  type NodeUnderTest,
  type OpenPoll,
  type Reply,
  type WireCall,
} from "./node-under-test";
import { configOf, type TestSettings } from "./test-settings";

const ADDR = "127.0.0.1:1";

/** The registry's core with its routes, without a socket: a request is answered within the call, a poll soon after. */
export class CoreNode implements NodeUnderTest {
  readonly exact = true;
  readonly clock: FakeClock;
  readonly self: InstanceKey;
  private readonly registry: Registry;
  private readonly subscriptions: Subscriptions;
  private readonly held = new HeldPolls();
  private readonly sweeper: Sweeper;
  private readonly cluster: Cluster;
  private readonly dispatch: Dispatch;
  private readonly bugs: unknown[] = [];

  private constructor(settings: TestSettings) {
    const config = configOf(settings);
    const clock = (this.clock = new FakeClock(settings.startMs));
    const registry = (this.registry = new Registry({
      clock,
      guard: {
        threshold: config.guardThreshold,
        minInstances: config.guardMinInstances,
        matureMs: config.leaseTtlMs,
      },
    }));
    this.subscriptions = new Subscriptions(clock);
    registry.changed.on((app) => this.subscriptions.publish(app));
    const { zone, region, host, deployEnv: env } = config;
    const logger = pino({ level: "silent" });
    const random = seededRandom(settings.seed);
    this.self = { env, appid: INFRA_APPID, zone, hostname: host };
    this.cluster = new Cluster({
      registry,
      region,
      zone,
      env,
      host,
      seeds: [ADDR],
      zones: new Map(),
      protect: false,
      ttlMs: config.leaseTtlMs,
      connect: (addr) => {
        throw new Error(`a node that is alone speaks to ${addr}`);
      },
      logger,
      clock,
      random,
    });
    this.sweeper = new Sweeper({
      registry,
      policy: {
        ttlMs: config.leaseTtlMs,
        ceilingMs: config.leaseCeilingMs,
        keepShare: config.leaseKeepShare,
      },
      isSelf: (stored) => registry.find(this.self) === stored,
      isAwaited: (app) => this.subscriptions.isAwaited(app),
      logger,
      clock,
      random,
    });
    this.dispatch = createDispatch({
      endpoints: [
        ...writeRoutes(this.cluster.registry),
        renewsRoute({ registry: this.cluster.registry, limits: config }),
        ...readRoutes({ registry, clock, limits: config, nodes: () => [] }),
        ...pollRoutes({
          registry,
          subscriptions: this.subscriptions,
          held: this.held,
          clock,
          limits: config,
          timeoutMs: config.serverTimeoutMs,
        }),
      ],
      limits: config,
      clock,
      protectedBy: () => undefined,
      observe: () => undefined,
      observeUnserved: () => undefined,
      onBug: (error) => this.bugs.push(error),
    });
    this.sweeper.start();
  }

  static async start(settings: TestSettings): Promise<CoreNode> {
    const node = new CoreNode(settings);
    await node.cluster.sync(ADDR);
    node.cluster.join(ADDR);
    return node;
  }

  get size(): number {
    return this.registry.size;
  }

  async calls(calls: readonly WireCall[]): Promise<Reply[]> {
    const exchanges = calls.map((call) => this.exchange(call));
    await until(() => exchanges.every(({ reply }) => reply !== undefined));
    return exchanges.map(({ reply }) => reply as Reply);
  }

  poll(call: WireCall): Promise<OpenPoll> {
    return Promise.resolve(this.exchange(call));
  }

  hangUp(polls: readonly OpenPoll[]): Promise<void> {
    for (const poll of polls) (poll as Exchange).destroy();
    return Promise.resolve();
  }

  async settle(): Promise<void> {
    // Each round lets one slice of the fan-out run; far more than a small registry has.
    for (let round = 0; round < 5; round++) await new Promise(setImmediate);
  }

  schedule(env: string, appid: string, scheduler: Scheduler | undefined): void {
    this.registry.schedule(env, appid, scheduler);
  }

  async close(): Promise<Leftovers> {
    await this.cluster.close();
    this.held.close();
    this.sweeper.close();
    await this.settle();
    return {
      waiters: this.subscriptions.size + this.held.size,
      timers: this.clock.pending,
      bugs: this.bugs.length,
    };
  }

  private exchange(call: WireCall): Exchange {
    const request = {
      url: targetOf(call),
      method: call.route.method,
      rawHeaders: Object.entries(call.headers ?? {}).flat(),
      socket: {},
    };
    const exchange = new Exchange(this.clock, request);
    if (!this.dispatch(request as IncomingMessage, exchange as unknown as ServerResponse)) {
      throw new Error(`${call.route.path} is not served`);
    }
    return exchange;
  }
}

/** As much of a ServerResponse as the routes use. */
class Exchange extends EventEmitter implements OpenPoll {
  destroyed = false;
  reply: Reply | undefined;
  repliedAt: number | undefined;
  private text = "";

  constructor(
    private readonly clock: FakeClock,
    readonly req: { readonly rawHeaders: readonly string[] },
  ) {
    super();
  }

  writeHead(): this {
    return this;
  }

  write(chunk: string | Buffer): boolean {
    this.text += chunk.toString();
    return true;
  }

  end(chunk: string | Buffer): void {
    if (this.reply) throw new Error("answered twice");
    this.reply = readReply(this.text + chunk.toString());
    this.repliedAt = this.clock.monotonic();
    setImmediate(() => this.destroy());
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit("close");
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let round = 0; !condition(); round++) {
    if (round > 1_000) throw new Error("a call is not answered");
    await new Promise(setImmediate);
  }
}
