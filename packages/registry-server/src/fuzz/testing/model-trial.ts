import {
  INFRA_APPID,
  decodeInstance,
  decodeInstancesInfo,
  routes,
  type Instance,
  type Scheduler,
  type Timestamp,
} from "@discoveryd/protocol";
import { contentText, isShown, type AppId } from "./model-app";
import { ModelEvictions, type EvictionRules } from "./model-evictions";
import { infosOf, isRefused, newsOf, wrongIn, type ModelPoll } from "./model-polls";
import type { Leftovers, NodeUnderTest, OpenPoll, Reply, WireCall } from "./node-under-test";
import { keyText, RegistryModel } from "./registry-model";
import { accepts } from "./stamp";

export interface TrialOptions {
  readonly node: NodeUnderTest;
  /** Every app that the trial may touch. */
  readonly apps: readonly AppId[];
  readonly evictions: EvictionRules;
}

/** A call, and what it must be answered. */
export interface ToldCall {
  readonly call: WireCall;
  /** Tells the model, and returns the code. */
  readonly expected: () => number;
}

/** How far the clock moves between two looks: the node looks for expired leases as often. */
const TICK_MS = 500;

/** A node and the model side by side: what is done to one is done to the other, and they are compared after each step. */
export class ModelTrial {
  readonly model: RegistryModel;
  private readonly evictions: ModelEvictions;
  /** By client and app the timestamps it was shown, the newest last. */
  private readonly seen = new Map<string, Timestamp[]>();
  private readonly polls = new Map<ModelPoll, OpenPoll>();

  private constructor(private readonly options: TrialOptions) {
    const { node, evictions } = options;
    this.model = new RegistryModel(node.clock);
    this.evictions = new ModelEvictions(this.model, node.clock, node.self, evictions);
  }

  static async start(options: TrialOptions): Promise<ModelTrial> {
    const trial = new ModelTrial(options);
    await trial.takeSelf();
    return trial;
  }

  get node(): NodeUnderTest {
    return this.options.node;
  }

  get openPolls(): ModelPoll[] {
    return [...this.polls.keys()];
  }

  /** Sends calls back to back. */
  async run(calls: readonly ToldCall[]): Promise<void> {
    const codes = calls.map(({ expected }) => expected());
    const replies = await this.node.calls(calls.map(({ call }) => call));
    replies.forEach(({ code, message }, i) => {
      if (code !== codes[i]) fail(`${calls[i]?.call.route.name}: code ${code} (${message}), not ${codes[i]}`);
    });
    await this.look();
  }

  /** One app, compared with what the model holds. */
  async fetch(id: AppId, zone: string | undefined, status: number): Promise<void> {
    const params: [string, string][] = [
      ["env", id.env],
      ["appid", id.appid],
      ["status", `${status}`],
    ];
    if (zone) params.push(["zone", zone]);
    const [reply] = (await this.node.calls([{ route: routes.fetch, params }])) as [Reply];
    const app = this.model.app(id);
    const exists = app?.instances.some(({ key }) => zone === undefined || key.zone === zone) === true;
    if (reply.code !== (exists ? 0 : -404))
      fail(`fetch: code ${reply.code} of an app that ${exists ? "is" : "is not"}`);
    if (!app || !exists) return;
    const { latestTimestamp, instances, scheduler } = decodeInstancesInfo(reply.data);
    if (latestTimestamp !== app.latest) fail(`fetch: timestamp ${latestTimestamp}, not ${app.latest}`);
    if (!isShown(app.show(status), zone, instances, scheduler)) fail(`fetch: ${JSON.stringify(reply.data)}`);
  }

  /** What a client holds of an app: the newest timestamp that it was shown, or one so many answers older. */
  held(client: number, id: AppId, back: number): Timestamp {
    return this.seen.get(memoryText(client, id))?.at(-1 - back) ?? 0n;
  }

  async poll(poll: ModelPoll, call: WireCall): Promise<void> {
    const open = await this.node.poll(call);
    if (isRefused(this.model, poll)) {
      await this.node.settle([open]);
      if (open.reply?.code !== -404) fail(`poll of a missing app: code ${open.reply?.code}`);
      return;
    }
    this.polls.set(poll, open);
    await this.checkPolls(true);
  }

  async schedule(id: AppId, scheduler: Scheduler | undefined): Promise<void> {
    this.node.schedule(id.env, id.appid, scheduler);
    this.model.schedule(id, scheduler);
    await this.look();
  }

  async hangUp(polls: readonly ModelPoll[]): Promise<void> {
    await this.node.hangUp(polls.map((poll) => this.polls.get(poll) as OpenPoll));
    for (const poll of polls) this.polls.delete(poll);
  }

  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= TICK_MS) {
      await this.node.clock.advance(Math.min(left, TICK_MS));
      if (this.node.size === this.model.size) await this.checkPolls(true);
      else await this.takeEvictions();
      const [overdue] = this.evictions.overdue();
      if (overdue) fail(`${overdue.key.hostname} is not evicted though it has expired`);
    }
  }

  /** Does to the node's own registration what nobody should: the node must be found all the same. */
  async meddle(calls: readonly WireCall[]): Promise<void> {
    await this.hangUp(this.openPolls.filter(({ since }) => since.has(INFRA_APPID)));
    await this.node.calls(calls);
    await this.takeSelf();
  }

  /** Compares everything, timestamps to the digit, and lets the model learn what the node has chosen. */
  async look(): Promise<void> {
    const [all, ...infos] = await this.node.calls([
      { route: routes.fetchAll, params: [] },
      ...this.options.apps.map(({ env, appid }) => ({
        route: routes.poll,
        params: [
          ["env", env],
          ["appid", appid],
          ["latest_timestamp", "0"],
          ["empty", "1"],
        ] as const,
      })),
    ]);
    this.compareInstances(instancesIn(all as Reply));
    this.options.apps.forEach((id, i) => this.compareApp(id, infos[i] as Reply));
    // Even when no poll is due: one might be answered all the same.
    await this.node.settle([]);
    await this.checkPolls(this.node.exact);
    for (const app of this.model.apps) app.shown.splice(0, app.shown.length - 1);
  }

  async close(): Promise<Leftovers> {
    await this.hangUp(this.openPolls);
    return this.node.close();
  }

  private async takeSelf(): Promise<void> {
    await this.node.settle([]);
    const self = (await this.instances()).find((instance) => keyText(instance) === keyText(this.node.self));
    if (self?.status !== 1) fail(`the node shows itself as ${self?.status ?? "gone"}`);
    this.model.replaceSelf(self as Instance);
    await this.look();
  }

  private async takeEvictions(): Promise<void> {
    const held = new Set((await this.instances()).map((instance) => keyText(instance)));
    const wrong = this.evictions.take(this.model.all().filter(({ key }) => !held.has(keyText(key))));
    if (wrong) fail(wrong);
    await this.look();
  }

  private async instances(): Promise<Instance[]> {
    const [all] = await this.node.calls([{ route: routes.fetchAll, params: [] }]);
    return instancesIn(all as Reply);
  }

  private compareInstances(actual: readonly Instance[]): void {
    if (actual.length !== this.model.size) fail(`${actual.length} instances, not ${this.model.size}`);
    for (const instance of actual) {
      const found = this.model.find(instance) ?? fail(`${instance.hostname} should not be there`);
      const text = contentText({ ...found.key, ...found.content });
      if (contentText(instance) !== text) fail(`${contentText(instance)} instead of ${text}`);
      for (const [name, actually] of [
        ["reg", instance.regTimestamp],
        ["up", instance.upTimestamp],
        ["dirty", instance.dirtyTimestamp],
        ["latest", instance.latestTimestamp],
      ] as const) {
        if (!accepts(found[name], actually))
          fail(`${instance.hostname}: ${name} ${actually}, not ${shown(found[name])}`);
      }
    }
  }

  private compareApp(id: AppId, reply: Reply): void {
    const app = this.model.app(id);
    const isThere = app !== undefined && reply.code !== -404;
    // One that has been empty for long may be forgotten.
    if (!isThere && (!app || app.emptySince !== undefined)) return;
    if (!app || reply.code !== 0) return fail(`${id.appid}: ${reply.code} ${reply.message}`);
    const wrong = app.observe(decodeInstancesInfo(reply.data).latestTimestamp);
    if (wrong) fail(`${id.appid}: ${wrong}`);
    if (id.appid === INFRA_APPID && !app.shows(undefined))
      fail("the registry's own nodes are not to be seen");
  }

  /** Every poll that must be answered is, rightly, and no other. */
  private async checkPolls(exact: boolean): Promise<void> {
    const now = this.node.clock.monotonic();
    const due = new Set(this.openPolls.filter((p) => p.deadline <= now || newsOf(this.model, p).length > 0));
    if (due.size > 0) await this.node.settle([...due].map((poll) => this.polls.get(poll) as OpenPoll));
    for (const [poll, open] of this.polls) {
      const wrong = open.reply ? wrongIn(this.model, poll, open, exact) : due.has(poll) && "not answered";
      if (wrong) fail(`${wrong}; ${shown(poll)}`);
      if (!open.reply) continue;
      this.polls.delete(poll);
      this.remember(poll, open.reply);
    }
  }

  private remember(poll: ModelPoll, reply: Reply): void {
    if (reply.code !== 0) return;
    for (const [appid, { latestTimestamp }] of infosOf(poll, reply.data)) {
      const memory = memoryText(poll.client, { env: poll.env, appid });
      this.seen.set(memory, [...(this.seen.get(memory) ?? []), latestTimestamp]);
    }
  }
}

function instancesIn({ data }: Reply): Instance[] {
  return Object.values(data as Record<string, unknown[]>).flatMap((list) => list.map(decodeInstance));
}

function memoryText(client: number, { env, appid }: AppId): string {
  return `${client},${env},${appid}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return `${part}`;
    return part instanceof Map ? [...(part as Map<unknown, unknown>)] : part;
  });
}

function fail(what: string): never {
  throw new Error(what);
}
