import { CodedError } from "@discoveryd/protocol";
import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import { NodeList } from "../nodes/node-list";
import { instanceWith } from "../testing/builders";
import { settle } from "../testing/until";
import { Gate } from "./gate";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat";
import { Renewals, type RenewalsOptions } from "./renewals";

type Api = HeartbeatOptions["api"] & RenewalsOptions["api"];
type Call = Exclude<keyof Api, "renews">;

const MINUTE = 60_000;

/** A registry of calls: each answers what `answers` says last for it, and is noted. */
class FakeApi implements Api {
  readonly calls: { name: Call; node: string; at: number; status?: number | undefined }[] = [];
  answers: Partial<Record<Call, "ok" | "missing" | Error | Promise<"ok">>> = {};

  constructor(private readonly clock: FakeClock) {}

  register: Api["register"] = async (node, { status }, signal) => {
    await this.call("register", node, signal, status);
  };
  renew: Api["renew"] = (node, _key, signal) => this.call("renew", node, signal);
  renews: Api["renews"] = () => Promise.reject(new Error("one alone needs no list"));
  cancel: Api["cancel"] = (node, _key, signal) => this.call("cancel", node, signal);
  set: Api["set"] = (node, _key, { status }, signal) => this.call("set", node, signal, status);

  times(name: Call): number[] {
    return this.calls.filter((call) => call.name === name).map(({ at }) => at);
  }

  private async call(
    name: Call,
    node: string,
    signal?: AbortSignal,
    status?: number,
  ): Promise<"ok" | "missing"> {
    this.calls.push({ name, node, at: this.clock.monotonic(), status });
    const answer = this.answers[name] ?? "ok";
    if (answer instanceof Error) throw answer;
    if (!(answer instanceof Promise)) return answer;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
    return Promise.race([answer, aborted]);
  }
}

const never = new Promise<never>(() => undefined);
const down = new Error("connect ECONNREFUSED");
const refused = new CodedError(-400, "parameter addrs: wrong");

let clock: FakeClock;
let api: FakeApi;
let renewals: Renewals;
let heartbeat: Heartbeat;

beforeEach(() => {
  clock = new FakeClock();
  api = new FakeApi(clock);
  const random = seededRandom(1);
  const nodes = new NodeList({ seeds: ["n1", "n2", "n3"], random });
  renewals = new Renewals({ api, nodes, clock, random });
  const gate = new Gate(1);
  heartbeat = new Heartbeat(instanceWith(), { api, nodes, renewals, gate, clock, random });
});

afterEach(async () => {
  api.answers = {};
  await heartbeat.cancel();
  expect(clock.pending).toBe(0);
});

test("an instance is registered once and then renewed every 27 to 30 s", async () => {
  await heartbeat.start();
  await clock.advance(10 * MINUTE);
  expect(api.times("register")).toEqual([0]);
  const renewals = [0, ...api.times("renew")];
  const gaps = renewals.slice(1).map((at, i) => at - (renewals[i] as number));
  expect(gaps.length).toBeGreaterThanOrEqual(20);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(27_000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
  expect(new Set(gaps).size).toBeGreaterThan(10);
});

test("a clock that jumps changes nothing", async () => {
  await heartbeat.start();
  for (const ms of [86_400_000, -172_800_000]) {
    clock.jump(ms);
    await clock.advance(5 * MINUTE);
  }
  expect(api.times("renew").length).toBeGreaterThanOrEqual(20);
  expect(api.times("renew").length).toBeLessThanOrEqual(22);
});

test("a renewal answered with missing registers again at once", async () => {
  await heartbeat.start();
  api.answers = { renew: "missing" };
  await clock.advance(30_000);
  const [renewed] = api.times("renew");
  expect(api.times("register")).toEqual([0, renewed]);
});

test("a register that fails is tried at the next node, with backoff, until one takes it", async () => {
  api.answers = { register: down };
  let isUp = false;
  const started = heartbeat.start().then(() => (isUp = true));
  await settle();
  await clock.advance(MINUTE);
  expect(isUp).toBe(false);
  expect(api.calls.slice(0, 4).map(({ node }) => node)).toEqual(["n1", "n2", "n3", "n1"]);
  const tries = api.times("register");
  expect(tries.length).toBeGreaterThan(10);
  expect(tries.length).toBeLessThan(60);
  api.answers = {};
  await clock.advance(5_000);
  await started;
});

test("a renewal that fails is tried again at the next node within 5 s, until the registry is back", async () => {
  await heartbeat.start();
  api.answers = { renew: down };
  await clock.advance(5 * MINUTE);
  const tries = api.times("renew");
  const gaps = tries.slice(1).map((at, i) => at - (tries[i] as number));
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000);
  expect(tries.length).toBeLessThan(250);
  api.answers = { renew: "missing" };
  await clock.advance(5_000);
  expect(api.times("register")).toHaveLength(2);
});

test("a refused register rejects at once with the registry's message, and nothing follows", async () => {
  api.answers = { register: refused };
  await expect(heartbeat.start()).rejects.toBe(refused);
  await clock.advance(MINUTE);
  expect(api.calls).toHaveLength(1);
});

test("an instance that was taken once is not given up when it is refused later", async () => {
  await heartbeat.start();
  api.answers = { renew: "missing", register: refused };
  await clock.advance(MINUTE);
  api.answers = {};
  await clock.advance(5_000);
  expect(api.times("register").length).toBeGreaterThan(2);
  await clock.advance(30_000);
  expect(api.calls.at(-1)?.name).toBe("renew");
});

test("hurrying renews within 2 s, once", async () => {
  await heartbeat.start();
  for (let i = 0; i < 5; i++) renewals.hurry();
  await settle();
  await clock.advance(2_000);
  expect(api.times("renew")).toHaveLength(1);
  await clock.advance(25_000);
  expect(api.times("renew")).toHaveLength(1);
});

test("an update is set at the registry, and shows in the instance", async () => {
  await heartbeat.start();
  await heartbeat.update({ status: 2, metadata: { weight: "5" } });
  expect(api.calls.at(-1)).toMatchObject({ name: "set", status: 2 });
  expect(heartbeat.instance).toMatchObject({ status: 2, metadata: new Map([["weight", "5"]]) });
  await heartbeat.update({ metadata: new Map([["color", "red"]]) });
  expect([...heartbeat.instance.metadata]).toEqual([
    ["weight", "5"],
    ["color", "red"],
  ]);
});

test("an update of what the registry has lost registers the changed instance", async () => {
  await heartbeat.start();
  api.answers = { set: "missing" };
  await heartbeat.update({ status: 2 });
  expect(api.calls.at(-1)).toMatchObject({ name: "register", status: 2 });
});

test("a refused update rejects, and the instance stays as it was", async () => {
  await heartbeat.start();
  api.answers = { set: refused };
  await expect(heartbeat.update({ status: 2 })).rejects.toBe(refused);
  expect(heartbeat.instance.status).toBe(1);
});

test("an update waits for the registry, and updates go one after another", async () => {
  await heartbeat.start();
  api.answers = { set: down };
  const updates = [heartbeat.update({ status: 2 }), heartbeat.update({ status: 1 })];
  await settle();
  await clock.advance(10_000);
  api.answers = {};
  await clock.advance(5_000);
  await Promise.all(updates);
  const statuses = api.calls.filter(({ name }) => name === "set").map(({ status }) => status);
  expect(statuses.slice(-2)).toEqual([2, 1]);
});

test("an update that the registry never took rejects at the cancel", async () => {
  await heartbeat.start();
  api.answers = { set: down };
  const update = expect(heartbeat.update({ status: 2 })).rejects.toThrow(
    "update demo.service/host-1 in zone01, dev: cancelled before the registry has taken it",
  );
  await settle();
  await heartbeat.cancel();
  await update;
});

test("a cancel takes the instance out, once, and ends the renewals", async () => {
  await heartbeat.start();
  await Promise.all([heartbeat.cancel(), heartbeat.cancel()]);
  await clock.advance(MINUTE);
  expect(api.calls.map(({ name }) => name)).toEqual(["register", "cancel"]);
  renewals.hurry();
  expect(clock.pending).toBe(0);
});

test("a cancel that fails is tried at other nodes, and ends after 3 s", async () => {
  await heartbeat.start();
  api.answers = { cancel: down };
  const cancelled = heartbeat.cancel().then(() => clock.monotonic());
  await settle();
  await clock.advance(4_000);
  await expect(cancelled).resolves.toBe(3_000);
  const nodes = api.calls.filter(({ name }) => name === "cancel").map(({ node }) => node);
  expect(new Set(nodes)).toEqual(new Set(["n1", "n2", "n3"]));
});

test("a cancel that nobody answers ends after 3 s", async () => {
  await heartbeat.start();
  api.answers = { cancel: never };
  const cancelled = heartbeat.cancel().then(() => clock.monotonic());
  await settle();
  await clock.advance(4_000);
  await expect(cancelled).resolves.toBe(3_000);
});

test("a cancel waits for the request under way, so that it comes after it", async () => {
  let take: (answer: "ok") => void = () => undefined;
  api.answers = { register: new Promise((resolve) => (take = resolve)) };
  const started = heartbeat.start();
  await settle();
  const cancelled = heartbeat.cancel();
  await clock.advance(900);
  expect(api.times("cancel")).toEqual([]);
  take("ok");
  await Promise.all([started, cancelled]);
  expect(api.times("cancel")).toEqual([900]);
});

test("a cancel cuts off a request that hangs, after a second", async () => {
  api.answers = { register: never };
  const started = expect(heartbeat.start()).rejects.toThrow("cancelled before the registry has taken it");
  await settle();
  const cancelled = heartbeat.cancel();
  await clock.advance(1_000);
  await Promise.all([started, cancelled]);
  expect(api.times("cancel")).toEqual([1_000]);
});
