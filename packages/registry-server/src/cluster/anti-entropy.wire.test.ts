import { INFRA_APPID, timestampFromMs, type Instance } from "@discoveryd/protocol";
import { seededRandom } from "@discoveryd/runtime/testing";
import { pino } from "pino";
import { instanceWith } from "../testing/builders";
import { START_MS } from "../testing/use-node";
import { AntiEntropy } from "./anti-entropy";
import type { AppState } from "./app-state";
import { bucketOf } from "./digest";
import { put } from "./testing/operations";
import { h1, usePeers, words, type Node } from "./testing/use-peers";

const startPeers = usePeers();

const TTL_MS = 90_000;
const APP = { env: "dev", appid: "provider" };

/** A node that compares with peers which the test plays. */
function startComparing(members: Readonly<Record<string, string>> = { a: "sh001" }) {
  const node = startPeers(members);
  const onEqual = jest.fn();
  const antiEntropy = new AntiEntropy({
    registry: node.registry,
    peers: node.peers,
    ttlMs: TTL_MS,
    onEqual,
    logger: pino({ level: "silent" }),
    clock: node.clock,
    random: seededRandom(1),
  });
  node.parts.push(antiEntropy);
  const peer = (addr = "a") => node.peers.all().find((p) => p.addr === addr)!;
  return { ...node, antiEntropy, onEqual, peer };
}

type Comparing = ReturnType<typeof startComparing>;

/** Makes the peer differ in an app, of which it has this. */
function differ(node: Node, state: Partial<AppState>, addr = "a"): void {
  node.link(addr).differences = new Map([[bucketOf(APP), [{ ...APP, digest: "theirs" }]]]);
  node.link(addr).states = [{ ...APP, instances: [], cancelled: [], ...state }];
}

/** How often each peer was compared with. */
function compared({ links }: Node): Record<string, number> {
  return Object.fromEntries([...links].map(([addr, link]) => [addr, link.compared]));
}

/** Makes a peer lost. */
async function lose(node: Comparing, addr: string): Promise<void> {
  node.registry.adopt(instanceWith({ hostname: "other" }), 0);
  await node.link(addr).become("fails");
  node.peer(addr).tell(put("other"));
  await node.clock.advance(1_000);
  expect(node.peer(addr).isLost).toBe(true);
}

describe("rounds", () => {
  test("each peer is compared with once a minute", async () => {
    const node = startComparing({ a: "sh001", b: "sh001", c: "sh002" });
    node.antiEntropy.start();
    await node.clock.advance(60_000);
    expect(compared(node)).toEqual({ a: 1, b: 1, c: 1 });
    await node.clock.advance(60_000);
    expect(compared(node)).toEqual({ a: 2, b: 2, c: 2 });
  });

  test("with many peers one is compared with every 10 s", async () => {
    const node = startComparing(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, "sh001"])));
    node.antiEntropy.start();
    await node.clock.advance(100_000);
    const counts = Object.values(compared(node));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10);
    expect(Math.max(...counts)).toBe(1);
  });

  test("a peer that is lost is left out", async () => {
    const node = startComparing({ a: "sh001", b: "sh001" });
    await lose(node, "b");
    node.antiEntropy.start();
    await node.clock.advance(120_000);
    expect(compared(node)).toEqual({ a: 4, b: 0 });
  });

  test("one that does not answer holds up nobody for ever", async () => {
    const node = startComparing({ a: "sh001", b: "sh001" });
    await node.link("a").become("hangs");
    node.antiEntropy.start();
    await node.clock.advance(60_000);
    await node.link("a").become("fails");
    await node.clock.advance(120_000);
    expect(node.link("b").compared).toBeGreaterThanOrEqual(2);
  });

  test("a node without peers waits for one", async () => {
    const node = startComparing({});
    node.antiEntropy.start();
    await node.clock.advance(120_000);
    node.peers.become(new Map([["a", "sh001"]]));
    await node.clock.advance(60_000);
    expect(compared(node)).toEqual({ a: 1 });
  });

  test("closing ends them", async () => {
    const node = startComparing();
    node.antiEntropy.start();
    node.antiEntropy.close();
    await node.clock.advance(120_000);
    await node.antiEntropy.reconcile(node.peer());
    expect(compared(node)).toEqual({ a: 0 });
  });

  test("closing while one is under way plans no other", async () => {
    const node = startComparing();
    await node.link("a").become("hangs");
    node.antiEntropy.start();
    await node.clock.advance(60_000);
    node.antiEntropy.close();
    await node.link("a").become("answers");
    expect(node.clock.pending).toBe(0);
  });
});

describe("a comparison", () => {
  test("of equal nodes exchanges nothing, and says that they are equal", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith(), 0);
    await node.antiEntropy.reconcile(node.peer());
    expect(node.link("a").given).toEqual([]);
    expect(node.onEqual).toHaveBeenCalledTimes(1);
  });

  test("gives what is here, with its age and last heartbeat, and takes what is newer there", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith({ renewTimestamp: 7_000n }), 10_000);
    const theirs = instanceWith({ hostname: "h2" });
    differ(node, { instances: [{ instance: theirs, silentMs: 20_000 }] });
    await node.antiEntropy.reconcile(node.peer());
    expect(node.link("a").given).toEqual([
      {
        ...APP,
        instances: [{ instance: instanceWith({ renewTimestamp: 7_000n }), silentMs: 10_000 }],
        cancelled: [],
      },
    ]);
    const taken = node.registry.find(theirs)!;
    expect(taken.instance).toEqual(theirs);
    expect(node.registry.silentMs(taken)).toBe(20_000);
  });

  test("of an app that only this node has gives it", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith(), 0);
    node.link("a").differences = new Map([[bucketOf(APP), []]]);
    await node.antiEntropy.reconcile(node.peer());
    expect(node.link("a").given).toMatchObject([{ appid: "provider", instances: [{ silentMs: 0 }] }]);
  });

  test("neither gives nor takes what has been silent for a lease", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith(), TTL_MS);
    const theirs = instanceWith({ hostname: "h2" });
    differ(node, { instances: [{ instance: theirs, silentMs: TTL_MS }] });
    await node.antiEntropy.reconcile(node.peer());
    expect(node.link("a").given).toEqual([{ ...APP, instances: [], cancelled: [] }]);
    expect(node.registry.find(theirs)).toBeUndefined();
  });

  test("exchanges many apps in several requests", async () => {
    const node = startComparing();
    for (let i = 0; i < 1_200; i++) node.registry.adopt(instanceWith({ appid: `app${i}` }), 0);
    node.link("a").differences = new Map(Array.from({ length: 256 }, (_, i) => [i, []] as const));
    const sizes: number[] = [];
    node.link("a").exchange = (states) => {
      sizes.push(states.length);
      return Promise.resolve([]);
    };
    await node.antiEntropy.reconcile(node.peer());
    expect(sizes).toEqual([500, 500, 200]);
  });

  test("takes out what the peer knows to be cancelled", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith(), 0);
    differ(node, { cancelled: [{ zone: "sh001", hostname: "h1", at: 9_000n }] });
    await node.antiEntropy.reconcile(node.peer());
    expect(node.registry.find(h1)).toBeUndefined();
  });

  test("tells the peer what is cancelled here", async () => {
    const node = startComparing();
    node.registry.cancelReplicated(h1, 9_000n);
    differ(node, { instances: [{ instance: instanceWith(), silentMs: 0 }] });
    await node.antiEntropy.reconcile(node.peer());
    expect(node.registry.find(h1)).toBeUndefined();
    expect(await node.sentTo("a")).toMatchObject([{ kind: "cancel", key: h1, at: 9_000n }]);
  });

  test("that fails is left for later, and nothing is said to be equal", async () => {
    const node = startComparing();
    await node.link("a").become("fails");
    await node.antiEntropy.reconcile(node.peer());
    expect(node.onEqual).not.toHaveBeenCalled();
  });

  test("of one peer is one at a time, and one that was asked for meanwhile follows", async () => {
    const node = startComparing();
    await node.link("a").become("hangs");
    void node.antiEntropy.reconcile(node.peer());
    for (let i = 0; i < 5; i++) void node.antiEntropy.reconcile(node.peer());
    await new Promise(setImmediate);
    expect(node.link("a").compared).toBe(1);
    await node.link("a").become("answers");
    await new Promise(setImmediate);
    expect(node.link("a").compared).toBe(2);
    expect(node.link("a").mostAtOnce).toBe(1);
  });
});

describe("with a node of the original", () => {
  const heard = (ms: number) => ({ renewTimestamp: timestampFromMs(START_MS - ms) });

  /** What this node holds after it has compared with a node of the original that has these. */
  async function take(instances: Instance[], prepare: (node: Comparing) => unknown = () => undefined) {
    const node = startComparing();
    prepare(node);
    node.link("a").differences = "unsupported";
    node.link("a").instances = instances;
    await node.antiEntropy.reconcile(node.peer());
    expect(node.onEqual).toHaveBeenCalledTimes(1);
    return node.registry.find(h1);
  }

  test("what is unknown here is taken, with its age", async () => {
    const stored = await take([instanceWith(heard(30_000))]);
    expect(stored?.renewedAt).toBe(-30_000);
  });

  test("a newer version is taken", async () => {
    const newer = instanceWith({ ...heard(0), dirtyTimestamp: 9_000n, version: "2" });
    const stored = await take([newer], ({ registry }) => registry.adopt(instanceWith(), 0));
    expect(stored?.instance.version).toBe("2");
  });

  test("of an equal version each side keeps its own timestamps: the original makes some itself", async () => {
    const theirs = instanceWith({ ...heard(0), latestTimestamp: 9_000n, regTimestamp: 9_000n });
    const stored = await take([theirs], ({ registry }) => registry.adopt(instanceWith(), 0));
    expect(stored?.instance.latestTimestamp).toBe(5_000n);
  });

  test("what has been silent for a lease is not taken: it would come and go every minute", async () => {
    expect(await take([instanceWith(heard(TTL_MS))])).toBeUndefined();
  });

  test("what was cancelled here is not taken, and is cancelled there: it keeps no tombstones", async () => {
    const node = startComparing();
    node.registry.cancelReplicated(h1, 9_000n);
    node.link("a").differences = "unsupported";
    node.link("a").instances = [instanceWith(heard(0))];
    await node.antiEntropy.reconcile(node.peer());
    expect(node.registry.find(h1)).toBeUndefined();
    expect(await node.sentTo("a")).toEqual([{ kind: "cancel", key: h1, region: "sh", at: 9_000n }]);
  });

  test("what it has older is told to it, with its age", async () => {
    const node = startComparing();
    const newer = instanceWith({ dirtyTimestamp: 9_000n });
    node.registry.adopt(newer, 10_000);
    node.link("a").differences = "unsupported";
    node.link("a").instances = [instanceWith(heard(0))];
    await node.antiEntropy.reconcile(node.peer());
    expect(await node.sentTo("a")).toMatchObject([{ kind: "put", instance: { dirtyTimestamp: 9_000n } }]);
  });

  test.each([
    ["greater", "grpc://127.0.0.1:9001", "grpc://127.0.0.1:9001", []],
    ["smaller", "grpc://127.0.0.1:8999", "grpc://127.0.0.1:9000", ["put h1"]],
  ])(
    "of an equal version that looks different the greater text wins on both sides: theirs is %s",
    async (_what, addr, expected, told) => {
      const node = startComparing();
      node.registry.adopt(instanceWith(), 0);
      node.link("a").differences = "unsupported";
      node.link("a").instances = [instanceWith({ ...heard(0), addrs: [addr] })];
      await node.antiEntropy.reconcile(node.peer());
      expect(node.registry.find(h1)?.instance.addrs).toEqual([expected]);
      expect(words(await node.sentTo("a"))).toEqual(told);
    },
  );

  test("what it has of the same version, or lacks, is not told to it", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith(), 0);
    node.registry.adopt(instanceWith({ hostname: "h2" }), 0);
    node.link("a").differences = "unsupported";
    node.link("a").instances = [instanceWith(heard(0))];
    await node.antiEntropy.reconcile(node.peer());
    expect(await node.sentTo("a")).toEqual([]);
  });
});

describe("the other side", () => {
  test("names the apps of the buckets that differ, with those that are empty here", async () => {
    const node = startComparing();
    node.registry.adopt(instanceWith(), 0);
    const theirs = Array.from({ length: 256 }, (_, i) => (i === 3 ? "something" : ""));
    const differences = await node.antiEntropy.differences(theirs);
    expect([...differences.keys()].sort((a, b) => a - b)).toEqual([3, bucketOf(APP)].sort((a, b) => a - b));
    expect(differences.get(bucketOf(APP))).toMatchObject([APP]);
    expect(differences.get(3)).toEqual([]);
  });

  test("takes what is newer, and answers with what it has then", () => {
    const { antiEntropy, registry } = startComparing();
    registry.adopt(instanceWith({ hostname: "ours" }), 0);
    const theirs = instanceWith({ hostname: "theirs" });
    const [answer] = antiEntropy.merge([
      { ...APP, instances: [{ instance: theirs, silentMs: 5 }], cancelled: [] },
    ]);
    expect(answer?.instances.map(({ instance }) => instance.hostname)).toEqual(["ours", "theirs"]);
    expect(registry.find(theirs)).toBeDefined();
  });

  test("answers with what was cancelled here of what it was given, and does not take it", () => {
    const { antiEntropy, registry } = startComparing();
    registry.cancelReplicated(h1, 9_000n);
    const given = [{ instance: instanceWith(), silentMs: 0 }];
    expect(antiEntropy.merge([{ ...APP, instances: given, cancelled: [] }])).toEqual([
      { ...APP, instances: [], cancelled: [{ zone: "sh001", hostname: "h1", at: 9_000n }] },
    ]);
  });

  test("answers to the first part of a large app with all of it, and to the rest with nothing twice", () => {
    const { antiEntropy, registry } = startComparing();
    registry.adopt(instanceWith({ hostname: "ours" }), 0);
    const part = (hostname: string) => [{ instance: instanceWith({ hostname }), silentMs: 0 }];
    const answers = antiEntropy.merge([
      { ...APP, instances: part("x"), cancelled: [] },
      { ...APP, instances: part("y"), isRest: true, cancelled: [] },
    ]);
    expect(answers.map(({ instances }) => instances.length)).toEqual([2, 0]);
    expect(registry.size).toBe(3);
  });

  test("takes a registry node that was cancelled in whatever env", () => {
    const { antiEntropy, registry } = startComparing();
    const node = instanceWith({ appid: INFRA_APPID, env: "pro" });
    registry.adopt(node, 0);
    const [answer] = antiEntropy.merge([{ env: "*", appid: INFRA_APPID, instances: [], cancelled: [] }]);
    expect(answer?.instances.map(({ instance }) => instance.env)).toEqual(["pro"]);
  });
});
