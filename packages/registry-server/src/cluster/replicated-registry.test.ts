import { STATUS_WAITING, codes, metadataOf, timestampFromMs } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { START_MS } from "../testing/use-node";
import type { Operation, Put } from "./operation";
import { fromClient, type Origin } from "./peers";
import { cancel, put, renew } from "./testing/operations";
import { h1, registration, usePeers, words, type Node } from "./testing/use-peers";

const startPeers = usePeers();

const ownZone: Origin = { replication: true, fromZone: true };
const otherZone: Origin = { replication: false, fromZone: true };
const now = timestampFromMs(START_MS);

/** A node with a peer in its zone, `a`, and one in another, `c`. */
function startNode(): Node {
  return startPeers({ a: "sh001", c: "sh002" });
}

/** What both peers hear: of the own zone, then of the other. */
async function heard(node: Node): Promise<string[][]> {
  return [words(await node.sentTo("a")), words(await node.sentTo("c"))];
}

describe("a register", () => {
  test("of a client is told as the instance that it made, with the version that it has here", async () => {
    const node = startNode();
    const { result, told } = node.replicated.register(registration(), fromClient);
    expect(result.kind).toBe("created");
    expect(told).toBeInstanceOf(Promise);
    const [sent] = (await node.sentTo("a")) as [Put];
    expect(sent.instance).toEqual(node.registry.find(h1)?.instance);
    expect(sent.instance.dirtyTimestamp).toBe(now);
  });

  test("that changes nothing is told, too: it renews the lease", async () => {
    const node = startNode();
    node.replicated.register(registration(), fromClient);
    await node.sentTo("a");
    expect(node.replicated.register(registration(), fromClient).result.kind).toBe("renewed");
    expect(words(await node.sentTo("a"))).toEqual(["put h1"]);
  });

  test("that is older than what is here is told to nobody", () => {
    const node = startNode();
    node.registry.adopt(instanceWith({ dirtyTimestamp: 9_000n }), 0);
    const { result, told } = node.replicated.register(
      { ...registration(), dirtyTimestamp: 8_000n },
      otherZone,
    );
    expect([result.kind, told]).toEqual(["stale", undefined]);
  });

  test("of a peer that was cancelled since is refused and told to nobody", () => {
    const node = startNode();
    node.registry.cancelReplicated(h1, 9_000n);
    const { result, told } = node.replicated.register({ ...registration(), dirtyTimestamp: 8_000n }, ownZone);
    expect([result.kind, told]).toEqual(["buried", undefined]);
  });

  test("of a client brings back what was cancelled", () => {
    const node = startNode();
    node.registry.cancelReplicated(h1, 9_000n);
    expect(node.replicated.register(registration(), fromClient).result.kind).toBe("created");
  });

  test.each<[string, Origin, string[][]]>([
    ["a client", fromClient, [["put h1"], ["put h1"]]],
    ["the own zone", ownZone, [[], []]],
    ["another zone", otherZone, [["put h1"], []]],
  ])("of %s is told to those who have still to hear", async (_what, origin, expected) => {
    const node = startNode();
    node.replicated.register({ ...registration(), dirtyTimestamp: 8_000n }, origin);
    expect(await heard(node)).toEqual(expected);
  });
});

describe("a renewal", () => {
  test("is told with the version that is here, and nobody waits", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    expect(node.replicated.renew(h1, fromClient).kind).toBe("renewed");
    expect(await node.sentTo("a")).toMatchObject([{ kind: "renew", dirty: 4_000n, region: "sh" }]);
  });

  test("of an unknown instance is told to nobody", async () => {
    const node = startNode();
    expect(node.replicated.renew(h1, fromClient).kind).toBe("missing");
    expect(await heard(node)).toEqual([[], []]);
  });

  test.each<[bigint | undefined, string]>([
    [4_000n, "renewed"],
    [5_000n, "behind"],
    [3_000n, "conflict"],
    [undefined, "conflict"],
  ])("of the own zone compares versions: with %s it is %s, and told to nobody", async (dirty, kind) => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    expect(node.replicated.renew(h1, ownZone, dirty).kind).toBe(kind);
    expect(await heard(node)).toEqual([[], []]);
  });

  test("of another zone's Go node is told to the own zone", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    expect(node.replicated.renew(h1, otherZone, 9_000n).kind).toBe("renewed");
    expect(await heard(node)).toEqual([["renew h1"], []]);
  });
});

describe("renewals in one list", () => {
  test("say which are here, and are each told as a single one is", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    node.registry.adopt(instanceWith({ hostname: "h3", dirtyTimestamp: 7_000n }), 0);
    const keys = ["h1", "h2", "h3"].map((hostname) => ({ ...h1, hostname }));
    expect(node.replicated.renewAll(keys)).toEqual([true, false, true]);
    expect(await node.sentTo("a")).toMatchObject([
      { kind: "renew", key: h1, dirty: 4_000n, region: "sh" },
      { kind: "renew", key: { ...h1, hostname: "h3" }, dirty: 7_000n },
    ]);
    expect(words(await node.sentTo("c"))).toEqual(["renew h1", "renew h3"]);
  });

  test("of a node that is alone are told to nobody", () => {
    const node = startPeers({});
    node.registry.adopt(instanceWith(), 0);
    expect(node.replicated.renewAll([h1])).toEqual([true]);
  });
});

describe("a cancel", () => {
  test("of a client is told with the moment that counts here", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    expect(node.replicated.cancel(h1, fromClient).result.kind).toBe("cancelled");
    expect(await node.sentTo("a")).toEqual([{ ...cancel("h1", now), key: h1 }]);
  });

  test("of a client counts although the instance's version is from a clock ahead", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith({ dirtyTimestamp: now + 5_000_000_000n }), 0);
    node.replicated.cancel(h1, fromClient);
    const [sent] = await node.sentTo("a");
    expect(sent).toMatchObject({ at: now + 5_000_001_000n });
  });

  test("of an unknown instance is told to nobody", async () => {
    const node = startNode();
    expect(node.replicated.cancel(h1, fromClient).result.kind).toBe("missing");
    expect(await heard(node)).toEqual([[], []]);
  });

  test("of a Go peer, which gives no moment, counts as now", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    node.replicated.cancel(h1, otherZone, undefined);
    expect(await node.sentTo("a")).toMatchObject([{ kind: "cancel", at: now }]);
  });

  test("of a peer that is older than what is here removes nothing", async () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 0);
    expect(node.replicated.cancel(h1, otherZone, 3_000n).result.kind).toBe("stale");
    expect(node.registry.find(h1)).toBeDefined();
    expect(await heard(node)).toEqual([[], []]);
  });
});

describe("a set", () => {
  function nodeWith(...hostnames: string[]): Node {
    const node = startNode();
    for (const hostname of hostnames) node.registry.adopt(instanceWith({ hostname }), 0);
    return node;
  }

  test("is told as the instances that it made, and as the set for nodes of the original", async () => {
    const node = nodeWith("h1", "h2");
    const changes = [
      { hostname: "h1", status: STATUS_WAITING },
      { hostname: "h2", status: STATUS_WAITING },
    ] as const;
    node.replicated.set({ ...h1, changes }, fromClient);
    const sent = (await node.sentTo("a")) as Put[];
    expect(sent.map(({ instance }) => instance)).toEqual(
      ["h1", "h2"].map((hostname) => node.registry.find({ ...h1, hostname })?.instance),
    );
    expect(sent.map(({ set }) => [set?.change.status, set?.at])).toEqual([
      [STATUS_WAITING, now],
      [STATUS_WAITING, now],
    ]);
    expect(sent[0]?.set?.group).toBe(sent[1]?.set?.group);
  });

  test("of an unknown instance is told to nobody", async () => {
    const node = nodeWith("h1");
    const changes = [{ hostname: "h1" }, { hostname: "h2" }];
    expect(node.replicated.set({ ...h1, changes }, fromClient)).toEqual({
      result: "missing",
      told: undefined,
    });
    expect(await heard(node)).toEqual([[], []]);
  });

  test("that names a host twice is told as one change, the later over the earlier", async () => {
    const node = nodeWith("h1");
    const changes = [
      {
        hostname: "h1",
        status: STATUS_WAITING,
        metadata: metadataOf([
          ["a", "1"],
          ["b", "1"],
        ]),
      },
      { hostname: "h1", metadata: metadataOf([["b", "2"]]) },
    ] as const;
    node.replicated.set({ ...h1, changes }, fromClient);
    const sent = (await node.sentTo("a")) as Put[];
    expect(sent.map(({ set }) => set?.change)).toEqual([
      {
        hostname: "h1",
        status: STATUS_WAITING,
        metadata: metadataOf([
          ["a", "1"],
          ["b", "2"],
        ]),
      },
    ]);
  });

  test("of another zone that is older than what is here changes nothing anywhere: what is here is told", async () => {
    const node = nodeWith("h1");
    const changes = [{ hostname: "h1", status: STATUS_WAITING }] as const;
    node.replicated.set({ ...h1, changes, timestamp: 3_000n }, otherZone);
    const sent = (await node.sentTo("a")) as Put[];
    expect(sent).toMatchObject([{ instance: { status: 1, dirtyTimestamp: 4_000n } }]);
    expect(sent[0]).not.toHaveProperty("set");
  });

  test("of another zone is told with its own moment", async () => {
    const node = nodeWith("h1");
    const changes = [{ hostname: "h1", status: STATUS_WAITING }] as const;
    node.replicated.set({ ...h1, changes, timestamp: 9_000n }, otherZone);
    expect(await node.sentTo("a")).toMatchObject([{ set: { at: 9_000n } }]);
    expect(await node.sentTo("c")).toEqual([]);
  });
});

describe("an operation out of a batch", () => {
  const held = (node: Node, changes = {}) => node.registry.adopt(instanceWith(changes), 0);
  const nothing = () => undefined;

  test.each<[string, (node: Node) => unknown, Operation, object]>([
    ["a put of an unknown instance", nothing, put(), { code: 0 }],
    ["a put of what is here", held, put(), { code: 0 }],
    ["a newer put", held, put("h1", { dirtyTimestamp: 5_000n }), { code: 0 }],
    [
      "an older put",
      held,
      put("h1", { dirtyTimestamp: 3_000n }),
      { code: -409, instance: { dirtyTimestamp: 4_000n } },
    ],
    [
      "a put of what was cancelled since",
      (n) => n.registry.cancelReplicated(h1, 9_000n),
      put(),
      { code: -409, cancelledAt: 9_000n },
    ],
    [
      "a put of what was cancelled before",
      (n) => n.registry.cancelReplicated(h1, 4_000n),
      put(),
      { code: 0 },
    ],
    ["a renewal", held, renew(), { code: 0 }],
    ["a renewal of an unknown instance", nothing, renew(), { code: -404 }],
    ["a renewal of a newer version", held, renew("h1", 5_000n), { code: -404 }],
    [
      "a renewal of an older version",
      held,
      renew("h1", 3_000n),
      { code: -409, instance: { dirtyTimestamp: 4_000n } },
    ],
    [
      "a renewal of what was cancelled since",
      (n) => n.registry.cancelReplicated(h1, 9_000n),
      renew(),
      { code: -409, cancelledAt: 9_000n },
    ],
    [
      "a renewal of what was cancelled before",
      (n) => n.registry.cancelReplicated(h1, 4_000n),
      renew(),
      { code: -404 },
    ],
    ["a cancel", held, cancel(), { code: 0 }],
    ["a cancel of an unknown instance", nothing, cancel(), { code: -404 }],
    ["an older cancel", held, cancel("h1", 3_000n), { code: -409, instance: { dirtyTimestamp: 4_000n } }],
  ])("%s", (_what, prepare, operation, expected) => {
    const node = startNode();
    prepare(node);
    expect(node.replicated.receive(operation, ownZone)).toMatchObject(expected);
  });

  test("that cannot be read is -400", () => {
    expect(startNode().replicated.receive(undefined, ownZone)).toEqual({ code: codes.badRequest });
  });

  test.each<[string, Operation, string[]]>([
    ["a put", put(), ["put h1"]],
    ["a cancel", cancel(), ["cancel h1"]],
    ["a renewal", renew(), ["renew h1"]],
  ])("%s of another zone is told to the own zone only, as it came", async (_what, operation, expected) => {
    const node = startNode();
    held(node);
    node.replicated.receive(operation, otherZone);
    expect(await heard(node)).toEqual([expected, []]);
  });

  test.each([put(), cancel(), renew()])("a $kind of the own zone is told to nobody", async (operation) => {
    const node = startNode();
    held(node);
    node.replicated.receive(operation, ownZone);
    expect(await heard(node)).toEqual([[], []]);
  });

  test("what is older than what is here is told to nobody", async () => {
    const node = startNode();
    held(node);
    for (const operation of [
      put("h1", { dirtyTimestamp: 3_000n }),
      renew("h1", 3_000n),
      cancel("h1", 3_000n),
    ]) {
      node.replicated.receive(operation, otherZone);
    }
    expect(await heard(node)).toEqual([[], []]);
  });

  test("a cancel of another zone is told to the own zone although the instance is unknown here", async () => {
    const node = startNode();
    node.replicated.receive(cancel("h1", now), otherZone);
    expect(await heard(node)).toEqual([["cancel h1"], []]);
  });

  test("a cancel keeps out the register that it has overtaken", () => {
    const node = startNode();
    node.replicated.receive(cancel("h1", 9_000n), ownZone);
    node.replicated.receive(put(), ownZone);
    expect(node.registry.find(h1)).toBeUndefined();
  });

  test("a renewal counts from when it was made: one that was long under way does not look fresh", () => {
    const node = startNode();
    node.registry.adopt(instanceWith(), 60_000);
    node.replicated.receive(renew("h1", 4_000n, 50_000), ownZone);
    expect(node.registry.silentMs(node.registry.find(h1)!)).toBe(50_000);
    node.replicated.receive(renew("h1", 4_000n, 55_000), ownZone);
    expect(node.registry.silentMs(node.registry.find(h1)!)).toBe(50_000);
  });
});
