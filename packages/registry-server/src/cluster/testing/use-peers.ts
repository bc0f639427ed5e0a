import { STATUS_UP, type Instance, type InstanceKey } from "@discoveryd/protocol";
import { FakeClock, seededRandom } from "@discoveryd/runtime/testing";
import { pino } from "pino";
import { Registry } from "../../registry/registry";
import { instanceWith, key } from "../../testing/builders";
import { START_MS } from "../../testing/use-node";
import type { Operation } from "../operation";
import { Peers } from "../peers";
import { ReplicatedRegistry } from "../replicated-registry";
import { FakeLink } from "./fake-link";

/** A node of zone sh001 whose peers the test plays. */
export interface Node {
  readonly clock: FakeClock;
  readonly registry: Registry;
  readonly peers: Peers;
  readonly replicated: ReplicatedRegistry;
  /** The wire to each peer there has been, by address. */
  readonly links: ReadonlyMap<string, FakeLink>;
  /** Peers that were lost and answer again. */
  readonly back: string[];
  link(addr: string): FakeLink;
  /** Closed before the peers are. */
  readonly parts: { close(): Promise<void> | void }[];
  /** Lets news leave, and their answers arrive; returns what the peer was sent since the last look. */
  sentTo(addr: string): Promise<Operation[]>;
}

/** Makes nodes for a test, and closes them after it; no timer may be left. */
export function usePeers() {
  const nodes: Node[] = [];

  afterEach(async () => {
    for (const { peers, links, clock, parts } of nodes.splice(0)) {
      // Nobody waits 500 ms for a peer that plays dead.
      const closed = Promise.all(parts.map((part) => part.close()));
      await clock.advance(500);
      await closed;
      for (const link of links.values()) if (link.state === "hangs") await link.become("fails");
      await peers.close();
      expect(clock.pending).toBe(0);
    }
  });

  /** @param members address to zone. */
  return function startPeers(members: Readonly<Record<string, string>>): Node {
    const clock = new FakeClock(START_MS);
    const registry = new Registry({ clock, guard: { threshold: 0.85, minInstances: 10, matureMs: 90_000 } });
    const links = new Map<string, FakeLink>();
    const back: string[] = [];
    const peers = new Peers({
      registry,
      zone: "sh001",
      connect: (addr, sameZone) => {
        const link = new FakeLink();
        link.sameZone = sameZone;
        links.set(addr, link);
        return link;
      },
      onBack: ({ addr }) => back.push(addr),
      logger: pino({ level: "silent" }),
      clock,
      random: seededRandom(1),
    });
    peers.become(new Map(Object.entries(members)));
    const link = (addr: string) => links.get(addr) as FakeLink;
    const node: Node = {
      clock,
      registry,
      peers,
      replicated: new ReplicatedRegistry(registry, peers),
      links,
      back,
      link,
      parts: [],
      async sentTo(addr) {
        await clock.advance(1_000);
        return link(addr)
          .sent.splice(0)
          .flatMap((operations) => [...operations]);
      },
    };
    nodes.push(node);
    return node;
  };
}

/** A client's register of `key`, with these changes. */
export function registration(changes: Partial<Instance> = {}) {
  const { regTimestamp: _r, upTimestamp: _u, renewTimestamp: _n, ...rest } = instanceWith();
  const { dirtyTimestamp: _d, latestTimestamp: _l, ...instance } = rest;
  return { ...instance, status: STATUS_UP, ...changes } as const;
}

/** What an operation says, in a word: `put h1`. */
export function words(operations: readonly Operation[]): string[] {
  return operations.map(
    (operation) =>
      `${operation.kind} ${(operation.kind === "put" ? operation.instance : operation.key).hostname}`,
  );
}

export const h1: InstanceKey = key;
