import { CodedError } from "@discoveryd/protocol";
import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import type { RenewOutcome } from "../http/registry-api";
import type { Instance } from "../naming";
import { NodeList } from "../nodes/node-list";
import { instanceWith } from "../testing/builders";
import { settle } from "../testing/until";
import { Gate } from "./gate";
import { Heartbeat, type HeartbeatOptions } from "./heartbeat";
import { Renewals, type RenewalsOptions } from "./renewals";

type Api = HeartbeatOptions["api"] & RenewalsOptions["api"];

const refusal = new CodedError(-400, "parameter zone: wrong");
const down = new Error("connect ECONNREFUSED");

interface List {
  readonly node: string;
  readonly at: number;
  readonly hostnames: readonly string[];
}

let clock: FakeClock;
let nodes: NodeList;
let renewals: Renewals;
let lists: List[];
/** `<call> <hostname>` of every other call. */
let calls: string[];
/** How a register is answered, once it is noted. */
let registering: () => Promise<void>;
/** What a list is answered with. */
let reply: (hostnames: readonly string[]) => Promise<readonly RenewOutcome[] | "unsupported">;
let heartbeats: Heartbeat[];

const allOk: typeof reply = (hostnames) => Promise.resolve(hostnames.map(() => "ok"));

beforeEach(() => {
  clock = new FakeClock();
  nodes = new NodeList({ seeds: ["n1", "n2", "n3"], random: seededRandom(1) });
  lists = [];
  calls = [];
  heartbeats = [];
  registering = () => Promise.resolve();
  reply = allOk;
  renewals = new Renewals({ api, nodes, clock, random: seededRandom(1) });
});

afterEach(async () => {
  reply = allOk;
  await Promise.all(heartbeats.map((heartbeat) => heartbeat.cancel()));
  renewals.close();
  await settle();
  expect(clock.pending).toBe(0);
});

const note = (name: string, { hostname }: Pick<Instance, "hostname">) => {
  calls.push(`${name} ${hostname}`);
  return Promise.resolve("ok" as const);
};
const api: Api = {
  register: async (_node, instance) => {
    await note("register", instance);
    await registering();
  },
  renew: (_node, key) => note("renew", key),
  cancel: (_node, key) => note("cancel", key),
  set: (_node, key) => note("set", key),
  renews: (node, keys) => {
    const hostnames = keys.map(({ hostname }) => hostname);
    lists.push({ node, at: clock.monotonic(), hostnames });
    return reply(hostnames);
  },
};

const gate = new Gate(16);

/** Registers so many instances, `h0` and up, and forgets that it did. */
async function start(count: number): Promise<Heartbeat[]> {
  for (let i = 0; i < count; i++) {
    const instance = instanceWith({ hostname: `h${heartbeats.length}` });
    const heartbeat = new Heartbeat(instance, { api, nodes, renewals, gate, clock, random: seededRandom(1) });
    heartbeats.push(heartbeat);
    await heartbeat.start();
  }
  calls = [];
  return heartbeats;
}

/** An answer that comes when the test says so. */
function later() {
  let give: (outcomes: readonly RenewOutcome[]) => void = () => undefined;
  let fail: (cause: Error) => void = () => undefined;
  const answer = new Promise<readonly RenewOutcome[]>((resolve, reject) => {
    give = resolve;
    fail = reject;
  });
  reply = () => answer;
  const after = async (act: () => void) => {
    reply = allOk;
    act();
    await settle();
  };
  return {
    give: (...outcomes: RenewOutcome[]) => after(() => give(outcomes)),
    fail: () => after(() => fail(down)),
  };
}

test("all instances of a client are renewed by one request each 27 to 30 s, whenever they registered", async () => {
  await start(2);
  await clock.advance(15_000);
  await start(1);
  await clock.advance(300_000);
  const gaps = lists.slice(1).map(({ at }, i) => at - (lists[i] as List).at);
  expect(lists.every(({ hostnames }) => hostnames.join() === "h0,h1,h2")).toBe(true);
  expect(lists.length).toBeGreaterThanOrEqual(10);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(27_000);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
  expect(calls).toEqual([]);
});

test("they share one timer", async () => {
  await start(10);
  expect(clock.pending).toBe(1);
});

test("those that the registry has lost register again at once, the others are as they were", async () => {
  await start(4);
  reply = () => Promise.resolve(["ok", "missing", "ok", "missing"]);
  await clock.advance(30_000);
  reply = allOk;
  expect(calls).toEqual(["register h1", "register h3"]);
  await clock.advance(30_000);
  expect(lists[1]?.hostnames).toEqual(["h0", "h1", "h2", "h3"]);
});

test("many that were lost register again a few at a time", async () => {
  await start(100);
  const answers: (() => void)[] = [];
  registering = () => new Promise((resolve) => answers.push(resolve));
  reply = (hostnames) => Promise.resolve(hostnames.map(() => "missing"));
  await clock.advance(30_000);
  reply = allOk;
  expect(answers).toHaveLength(16);
  for (let i = 0; i < 100; i++) {
    answers[i]?.();
    await settle();
  }
  expect(answers).toHaveLength(100);
  expect(calls).toHaveLength(100);
});

test("a request that fails is tried again at the next node, with backoff, for all that it was for", async () => {
  await start(2);
  reply = () => Promise.reject(down);
  await clock.advance(60_000);
  expect(lists.slice(0, 4).map(({ node }) => node)).toEqual(["n1", "n2", "n3", "n1"]);
  expect(lists.length).toBeGreaterThan(10);
  expect(lists.length).toBeLessThan(60);
  reply = allOk;
  await clock.advance(5_000);
  const answered = lists.length;
  await clock.advance(25_000);
  expect(lists.length).toBeLessThanOrEqual(answered + 1);
  expect(calls).toEqual([]);
});

test("of an answer in part only what failed is tried again", async () => {
  await start(3);
  const failed = lists.length;
  reply = ([first, ...others]) =>
    Promise.resolve([...(first ? (["ok"] as const) : []), ...others.map(() => refusal)]);
  await clock.advance(30_000);
  reply = allOk;
  await clock.advance(200);
  expect(lists.slice(failed).map(({ hostnames }) => hostnames.join())).toEqual(["h0,h1,h2", "h1,h2"]);
});

test("a cancel while a request is under way is sent at once, and what comes back changes nothing", async () => {
  const [first] = (await start(2)) as [Heartbeat];
  const answer = later();
  await clock.advance(30_000);
  await first.cancel();
  expect(calls).toEqual(["cancel h0"]);
  await answer.give("missing", "ok");
  expect(calls).toEqual(["cancel h0"]);
  await clock.advance(30_000);
  expect(calls).toEqual(["cancel h0", "renew h1"]);
});

test("what was cancelled and registered again meanwhile hears nothing of the answer to the one before", async () => {
  const [first] = (await start(2)) as [Heartbeat];
  const answer = later();
  await clock.advance(30_000);
  await first.cancel();
  await start(1);
  await answer.give("missing", "ok");
  await clock.advance(30_000);
  expect(calls).toEqual([]);
  expect(lists.at(-1)?.hostnames).toEqual(["h1", "h2"]);
});

test("an update while a request is under way counts: a late answer that it was lost does not", async () => {
  const [first] = (await start(2)) as [Heartbeat];
  const answer = later();
  await clock.advance(30_000);
  await first.update({ status: 2 });
  await answer.give("missing", "ok");
  expect(calls).toEqual(["set h0"]);
  expect(first.state.kind).toBe("up");
});

test("when all are cancelled while a request is under way nothing follows it", async () => {
  await start(2);
  const answer = later();
  await clock.advance(30_000);
  await Promise.all(heartbeats.map((heartbeat) => heartbeat.cancel()));
  await answer.fail();
  expect(clock.pending).toBe(0);
  await start(2);
  await clock.advance(30_000);
  expect(lists).toHaveLength(2);
});

test("hurrying renews all within 2 s, by one request", async () => {
  await start(3);
  for (let i = 0; i < 5; i++) renewals.hurry();
  await settle();
  await clock.advance(2_000);
  expect(lists).toHaveLength(1);
});

test("a client that was put off for 2 s or more hurries at once", async () => {
  await start(3);
  renewals.hurry(2_000);
  await settle();
  expect(lists).toHaveLength(1);
});

test("closing cuts a request under way, and blames no node", async () => {
  await start(2);
  const answer = later();
  await clock.advance(30_000);
  renewals.close();
  await answer.fail();
  expect(nodes.failure).toBeUndefined();
});
