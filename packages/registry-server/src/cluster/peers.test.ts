import { timestampFromMs } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { START_MS } from "../testing/use-node";
import type { News, Operation } from "./operation";
import { fromClient, type Origin } from "./peers";
import { cancel, put, setPut } from "./testing/operations";
import { h1, registration, usePeers, words, type Node } from "./testing/use-peers";

const startPeers = usePeers();

const MIXED = { a: "sh001", b: "sh001", c: "sh002", d: "sh002", e: "sh003" };
const ownZone: Origin = { replication: true, fromZone: true };
const otherZone: Origin = { replication: false, fromZone: true };
const HOUR_MS = 3_600_000;

/** Registers an instance at the node alone; nobody is told. */
function hold(node: Node, hostname = "h1", dirtyTimestamp = 4_000n): void {
  node.registry.adopt(instanceWith({ hostname, dirtyTimestamp }), 0);
}

/** Tells the peers of the instance's heartbeat. */
function beat(node: Node, hostname = "h1", origin = fromClient): void {
  node.peers.tellHeartbeat(node.registry.find({ ...h1, hostname })!, origin);
}

/** Whether each peer has been told something. */
async function told(node: Node): Promise<string> {
  await node.clock.advance(1_000);
  return [...node.links]
    .filter(([, link]) => link.sent.length > 0)
    .map(([addr]) => addr)
    .join("");
}

/** Makes a peer lost. */
async function lose(node: Node, addr: string): Promise<void> {
  await node.link(addr).become("fails");
  node.peers
    .all()
    .find((peer) => peer.addr === addr)
    ?.tell(put("other"));
  node.registry.adopt(instanceWith({ hostname: "other" }), 0);
  await node.clock.advance(1_000);
  expect(node.peers.all().find((peer) => peer.addr === addr)?.isLost).toBe(true);
}

describe("who is told", () => {
  test("of a client's change: all of the own zone, and one of each other zone", async () => {
    const node = startPeers(MIXED);
    hold(node);
    void node.peers.tell([put()], fromClient);
    expect(await told(node)).toMatch(/^ab[cd]e$/);
  });

  test("of what another zone passes on: all of the own zone, and nobody else", async () => {
    const node = startPeers(MIXED);
    hold(node);
    void node.peers.tell([put()], otherZone);
    expect(await told(node)).toBe("ab");
  });

  test("of what the own zone passes on: nobody", async () => {
    const node = startPeers(MIXED);
    hold(node);
    expect(node.peers.tell([put()], ownZone)).toBeUndefined();
    beat(node, "h1", ownZone);
    expect(await told(node)).toBe("");
  });

  test("of a heartbeat the same are told as of a change", async () => {
    const node = startPeers(MIXED);
    hold(node);
    beat(node);
    expect(await told(node)).toMatch(/^ab[cd]e$/);
  });

  test("another zone hears through the same node, until another is chosen", async () => {
    const node = startPeers({ c: "sh002", d: "sh002" });
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      for (const hostname of ["h1", "h2", "h3"]) {
        hold(node, hostname);
        beat(node, hostname);
      }
      const all = await told(node);
      expect(all).toMatch(/^[cd]$/);
      seen.add(all);
      for (const link of node.links.values()) link.sent.splice(0);
      node.peers.rechoose();
    }
    expect(seen).toEqual(new Set(["c", "d"]));
  });

  test("another zone hears through a node that answers, when there is one", async () => {
    const node = startPeers({ c: "sh002", d: "sh002" });
    hold(node);
    for (let round = 0; round < 10; round++) {
      node.peers.rechoose();
      await lose(node, "c");
      node.link("d").sent.splice(0);
      void node.peers.tell([put()], fromClient);
      await node.clock.advance(5);
      expect(node.link("d").sent.length).toBeGreaterThan(0);
      await node.link("c").become("answers");
      await node.clock.advance(2_000);
    }
  });

  test("what the chosen node of another zone does not hear is told to another at once", async () => {
    const node = startPeers({ c: "sh002", d: "sh002" });
    hold(node);
    hold(node, "h2");
    await node.link("c").become("fails");
    await node.link("d").become("fails");
    beat(node, "h2");
    void node.peers.tell([put()], fromClient);
    const chosen = node.peers.all().find((peer) => peer.backlog > 0)?.addr;
    const other = chosen === "c" ? "d" : "c";
    await node.link(other).become("answers");
    expect(words(await node.sentTo(other)).sort()).toEqual(["put h1", "renew h2"]);
  });

  test("what a node of the own zone does not hear is told to nobody in its place", async () => {
    const node = startPeers({ a: "sh001", b: "sh001" });
    hold(node);
    await node.link("a").become("fails");
    void node.peers.tell([put()], fromClient);
    expect(words(await node.sentTo("b"))).toEqual(["put h1"]);
  });

  test("another zone whose nodes are all lost hears when one is back", async () => {
    const node = startPeers({ c: "sh002" });
    hold(node);
    await lose(node, "c");
    node.link("c").sent.splice(0);
    expect(node.peers.tell([put()], fromClient)).toBeInstanceOf(Promise);
    await node.link("c").become("answers");
    await node.clock.advance(2_000);
    expect(words(await node.sentTo("c"))).toContain("put h1");
  });

  test("the wire is made for the own zone or for another", () => {
    const node = startPeers({ a: "sh001", c: "sh002" });
    expect([node.link("a").sameZone, node.link("c").sameZone]).toEqual([true, false]);
  });
});

describe("a client's change is acknowledged", () => {
  async function acknowledge(node: Node, afterMs: number): Promise<boolean> {
    let done = false;
    void node.peers.tell([put("h1"), put("h2")], fromClient)?.then(() => (done = true));
    await node.clock.advance(afterMs);
    await new Promise(setImmediate);
    return done;
  }

  function nodeWith(members: Record<string, string>): Node {
    const node = startPeers(members);
    hold(node, "h1");
    hold(node, "h2");
    return node;
  }

  test("at once when there is nobody to tell", () => {
    expect(startPeers({}).peers.tell([put()], fromClient)).toBeUndefined();
  });

  test("when all peers have answered", async () => {
    expect(await acknowledge(nodeWith({ a: "sh001", b: "sh001", c: "sh002" }), 5)).toBe(true);
  });

  test("not before the last has", async () => {
    const node = nodeWith({ a: "sh001", b: "sh001" });
    await node.link("b").become("hangs");
    expect(await acknowledge(node, 499)).toBe(false);
  });

  test("after 500 ms, whatever a peer does", async () => {
    const node = nodeWith({ a: "sh001", b: "sh001" });
    await node.link("b").become("hangs");
    expect(await acknowledge(node, 500)).toBe(true);
  });

  test("when those have answered that are not lost", async () => {
    const node = nodeWith({ a: "sh001", b: "sh001" });
    await lose(node, "b");
    await node.link("b").become("hangs");
    expect(await acknowledge(node, 5)).toBe(true);
  });

  test("at once when all are lost", async () => {
    const node = nodeWith({ b: "sh001" });
    await lose(node, "b");
    expect(await acknowledge(node, 0)).toBe(true);
  });

  test("when a peer is found not to answer", async () => {
    const node = nodeWith({ b: "sh001" });
    await node.link("b").become("fails");
    expect(await acknowledge(node, 5)).toBe(true);
  });

  test("when a peer leaves the cluster", async () => {
    const node = nodeWith({ b: "sh001" });
    let done = false;
    void node.peers.tell([put("h1")], fromClient)?.then(() => (done = true));
    node.peers.become(new Map());
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(done).toBe(true);
  });

  test("when nothing has changed", async () => {
    const node = nodeWith({ a: "sh001" });
    let done = false;
    void node.peers.tell([], fromClient)?.then(() => (done = true));
    await new Promise(setImmediate);
    expect(done).toBe(true);
  });
});

describe("members", () => {
  test("who stays keeps what it has still to hear", async () => {
    const node = startPeers({ a: "sh001" });
    const [before] = node.peers.all();
    await lose(node, "a");
    node.peers.become(
      new Map([
        ["a", "sh001"],
        ["b", "sh001"],
      ]),
    );
    expect(node.peers.all().map(({ addr }) => addr)).toEqual(["a", "b"]);
    expect(node.peers.all()[0]).toBe(before);
    expect(before?.backlog).toBe(1);
  });

  test("who goes hears what waits for it, and is closed", async () => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    void node.peers.tell([put()], fromClient);
    node.peers.become(new Map());
    await new Promise(setImmediate);
    expect(node.link("a").sent.map(words)).toEqual([["put h1"]]);
    expect(node.link("a").closed).toBe(true);
    expect(node.peers.all()).toEqual([]);
  });

  test("who changes its zone is another peer", () => {
    const node = startPeers({ a: "sh001" });
    const first = node.link("a");
    node.peers.become(new Map([["a", "sh002"]]));
    expect(node.link("a")).not.toBe(first);
    expect(node.link("a").sameZone).toBe(false);
    expect(node.peers.all()).toHaveLength(1);
  });

  test("another zone's node that goes is not told any more", async () => {
    const node = startPeers({ c: "sh002" });
    hold(node);
    beat(node);
    node.peers.become(new Map([["d", "sh002"]]));
    beat(node);
    expect(words(await node.sentTo("d"))).toEqual(["renew h1"]);
  });

  test("who is lost and answers again is said to be back", async () => {
    const node = startPeers({ a: "sh001", b: "sh001" });
    await lose(node, "a");
    await node.link("a").become("answers");
    await node.clock.advance(2_000);
    expect(node.back).toEqual(["a"]);
  });
});

describe("what waits for a peer is told as it is true when it leaves", () => {
  /** Makes peer `a` lost, tells it something, lets something happen and has it back. Returns what it hears of h1. */
  async function hears(
    news: News | "heartbeat",
    meanwhile: (node: Node) => unknown,
    ms = 10_000,
  ): Promise<Operation[]> {
    const node = startPeers({ a: "sh001" });
    hold(node);
    await lose(node, "a");
    if (news === "heartbeat") beat(node);
    else node.peers.all()[0]?.tell(news);
    await meanwhile(node);
    await node.clock.advance(ms);
    node.link("a").sent.splice(0);
    await node.link("a").become("answers");
    await node.clock.advance(2_000);
    return node
      .link("a")
      .sent.flat()
      .filter((sent) => words([sent])[0]?.endsWith(" h1"));
  }

  test("a heartbeat, with its age and the version that is here now", async () => {
    const heard = await hears("heartbeat", ({ registry }) =>
      registry.set({ ...h1, changes: [{ hostname: "h1", status: 2 }], timestamp: 9_000n }),
    );
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatchObject({ kind: "renew", dirty: 9_000n });
    expect((heard[0] as { silentMs: number }).silentMs).toBeGreaterThanOrEqual(10_000);
  });

  test("an instance, with its age", async () => {
    const [heard] = await hears(put("h1"), () => undefined);
    expect(heard).toMatchObject({ kind: "put", instance: { dirtyTimestamp: 4_000n } });
    expect((heard as { silentMs: number }).silentMs).toBeGreaterThanOrEqual(10_000);
  });

  test("an instance, with its last heartbeat", async () => {
    const [heard] = await hears(put("h1"), ({ registry }) => registry.renew(h1));
    expect((heard as { instance: { renewTimestamp: bigint } }).instance.renewTimestamp).toBeGreaterThan(
      timestampFromMs(START_MS),
    );
  });

  test("an instance that has changed, as it is now", async () => {
    const [heard] = await hears(put("h1"), (node) =>
      node.registry.adopt(instanceWith({ dirtyTimestamp: 9_000n, version: "2" }), 0),
    );
    expect(heard).toMatchObject({ kind: "put", instance: { version: "2" } });
  });

  test("a set that nothing has followed, as a set", async () => {
    const set = setPut("h1", { status: 1 });
    expect(await hears(set, () => undefined)).toMatchObject([{ set: set.set }]);
  });

  test("a set that something has followed, as the instance", async () => {
    const heard = await hears(setPut("h1", { status: 1 }), (node) =>
      node.registry.adopt(instanceWith({ dirtyTimestamp: 9_000n }), 0),
    );
    expect(heard).toHaveLength(1);
    expect(heard[0]).not.toHaveProperty("set");
  });

  test.each<[string, News | "heartbeat"]>([
    ["a heartbeat", "heartbeat"],
    ["a register", put("h1")],
    ["a set", setPut("h1", { status: 1 })],
  ])("nothing of an instance that is gone: %s", async (_what, news) => {
    expect(await hears(news, ({ registry }) => registry.cancelReplicated(h1, 5_000n))).toEqual([]);
  });

  test("no heartbeat of an instance that has gone and come again: it is told as it came", async () => {
    const heard = await hears("heartbeat", ({ registry, replicated }) => {
      registry.cancel(h1);
      replicated.register(registration(), fromClient);
    });
    expect(words(heard)).toEqual(["put h1"]);
  });

  test("a cancel, as long as it counts", async () => {
    const at = timestampFromMs(START_MS);
    const gone = ({ registry }: Node) => registry.cancelReplicated(h1, at);
    expect(await hears(cancel("h1", at), gone, HOUR_MS - 10_000)).toEqual([cancel("h1", at)]);
  });

  test("no cancel that is an hour old: the peer has evicted the instance itself", async () => {
    const at = timestampFromMs(START_MS);
    const gone = ({ registry }: Node) => registry.cancelReplicated(h1, at);
    expect(await hears(cancel("h1", at), gone, HOUR_MS + 10_000)).toEqual([]);
  });

  test("instead of a cancel, the instance that has registered again at another node", async () => {
    const heard = await hears(cancel("h1", timestampFromMs(START_MS)), ({ registry }) =>
      registry.adopt(instanceWith({ dirtyTimestamp: timestampFromMs(START_MS + 1) }), 0),
    );
    expect(words(heard)).toEqual(["put h1"]);
  });
});

test("a peer that is away for long has no more to hear than there are instances, and an hour's cancels", async () => {
  const node = startPeers({ a: "sh001" });
  await lose(node, "a");
  for (let round = 0; round < 30; round++) {
    for (let i = 0; i < 20; i++) {
      const hostname = `pod-${round}-${i}`;
      node.replicated.register(registration({ hostname }), fromClient);
      if (i % 2) node.replicated.cancel({ ...h1, hostname }, fromClient);
      else node.registry.evict(node.registry.find({ ...h1, hostname })!);
    }
    // It takes the peer's next time-out with it: an hour and a half passes in 30 tries.
    await node.link("a").become("hangs");
    await node.clock.advance(180_000);
    await node.link("a").become("fails");
  }
  expect(node.peers.all()[0]?.backlog).toBeLessThanOrEqual((HOUR_MS / 180_000 + 2) * 10 + 20);
});

describe("what a peer's answer asks for", () => {
  test("a peer that lacks an instance that renews is told it, with its age", async () => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    node.link("a").outcome = ({ kind }) => ({ code: kind === "renew" ? -404 : 0 });
    beat(node);
    await node.clock.advance(1_005);
    expect(node.link("a").sent.map(words)).toEqual([["renew h1"], ["put h1"]]);
    expect(node.link("a").sent[1]![0]).toMatchObject({ silentMs: 1_005 });
  });

  test.each([-404, -400, -500])(
    "a peer that could not take a set (%d) is told the instance",
    async (code) => {
      const node = startPeers({ a: "sh001" });
      hold(node);
      node.link("a").outcome = (operation) => ({
        code: operation.kind === "put" && operation.set ? code : 0,
      });
      void node.peers.tell([setPut("h1", { status: 1 })], fromClient);
      await node.clock.advance(10);
      expect(node.link("a").sent.map(words)).toEqual([["put h1"], ["put h1"]]);
      expect(node.link("a").sent[1]![0]).not.toHaveProperty("set");
    },
  );

  test("a peer that has it newer gives what it has", async () => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    const newer = instanceWith({ dirtyTimestamp: 9_000n, version: "2" });
    node.link("a").outcome = () => ({ code: -409, instance: newer });
    beat(node);
    await node.clock.advance(2_000);
    expect(node.registry.find(h1)?.instance).toMatchObject({ version: "2", dirtyTimestamp: 9_000n });
    expect(node.link("a").sent).toHaveLength(1);
  });

  test("a peer that knows that it was cancelled since takes it out here", async () => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    node.link("a").outcome = () => ({ code: -409, cancelledAt: 9_000n });
    void node.peers.tell([put()], fromClient);
    await node.clock.advance(5);
    expect(node.registry.find(h1)).toBeUndefined();
    expect(node.registry.cancelledAt(h1)).toBe(9_000n);
  });

  test("a peer that knows of an older cancel takes nothing out here", async () => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    node.link("a").outcome = () => ({ code: -409, cancelledAt: 3_000n });
    void node.peers.tell([put()], fromClient);
    await node.clock.advance(5);
    expect(node.registry.find(h1)).toBeDefined();
  });

  test.each<[string, News]>([
    ["instance", put()],
    ["cancel", cancel("other", timestampFromMs(START_MS))],
  ])("a peer that refuses an %s is not told it again", async (_what, news) => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    node.link("a").outcome = () => ({ code: -404 });
    void node.peers.tell([news], fromClient);
    await node.clock.advance(60_000);
    expect(node.link("a").sent).toHaveLength(1);
  });

  test("a peer that refuses whatever it is told is not told without end", async () => {
    const node = startPeers({ a: "sh001" });
    hold(node);
    node.link("a").outcome = () => ({ code: -500 });
    beat(node);
    await node.clock.advance(60_000);
    expect(node.link("a").sent.map(words)).toEqual([["renew h1"], ["put h1"]]);
  });
});
