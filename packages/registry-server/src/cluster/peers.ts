import { codes } from "@discoveryd/protocol";
import { shuffle, systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Registry } from "../registry/registry";
import { keyOf, putOf, type Operation, type Outcome } from "./operation";
import { Peer } from "./peer";
import type { PeerLink } from "./peer-link";

/** Where a change comes from, and so who has still to hear of it. */
export interface Origin {
  /** A node of the own zone passes it on: it tells all others itself. */
  readonly replication: boolean;
  /** A node passes it on: other zones have heard, or will from there. */
  readonly fromZone: boolean;
}

/** A client of ours. */
export const fromClient: Origin = { replication: false, fromZone: false };

export interface PeersOptions {
  readonly registry: Registry;
  /** The own zone. */
  readonly zone: string;
  /** Opens the wire to a peer. */
  readonly connect: (addr: string, sameZone: boolean) => PeerLink;
  /** Called when a peer answers again after it was lost. */
  readonly onBack: (peer: Peer) => void;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A peer that has not heard of a cancel for this long has evicted the instance, or was not there. In milliseconds. */
const CANCEL_MS = 3_600_000;
/** A client waits at most so many milliseconds for peers to hear of its change. */
const ACKNOWLEDGE_MS = 500;

/** The other nodes: who they are, whom to tell of a change, and what to do about their answers. */
export class Peers {
  private readonly byAddr = new Map<string, Peer>();
  /** Zone to the node of it that is told just now. */
  private readonly chosen = new Map<string, Peer>();
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(private readonly options: PeersOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
  }

  /** There is no other node. */
  get areNone(): boolean {
    return this.byAddr.size === 0;
  }

  all(): readonly Peer[] {
    return [...this.byAddr.values()];
  }

  /** Makes the peers those: address to zone. What is told to one that goes is lost with it. */
  become(members: ReadonlyMap<string, string>): void {
    for (const peer of this.all()) {
      if (members.get(peer.addr) !== peer.zone) this.remove(peer);
    }
    for (const [addr, zone] of members) {
      if (!this.byAddr.has(addr)) this.add(addr, zone);
    }
  }

  /**
   * Tells those who have still to hear. Resolves when every one that answers has, at the latest after 500 ms;
   * undefined when there is nobody to wait for.
   */
  tell(operations: readonly Operation[], origin: Origin): Promise<void> | undefined {
    const audience = this.audience(origin);
    if (audience.length === 0) return undefined;
    return new Promise((resolve) => {
      let open = 1;
      const settle = () => {
        if (--open > 0) return;
        cancel();
        resolve();
      };
      const cancel = this.clock.after(ACKNOWLEDGE_MS, resolve);
      for (const peer of audience) {
        for (const operation of operations) {
          if (peer.tell(operation, settle)) open++;
        }
      }
      settle();
    });
  }

  /** Tells of heartbeats: nobody waits for them. */
  tellLazily(operations: readonly Operation[], origin: Origin): void {
    for (const peer of this.audience(origin)) {
      for (const operation of operations) peer.tell(operation);
    }
  }

  /** Other zones are told through another of their nodes from now on. */
  rechoose(): void {
    this.chosen.clear();
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((peer) => peer.close()));
  }

  private audience(origin: Origin): Peer[] {
    if (origin.replication || this.byAddr.size === 0) return [];
    const peers = this.all();
    const own = peers.filter((peer) => peer.zone === this.options.zone);
    if (origin.fromZone) return own;
    const zones = new Set(peers.map((peer) => peer.zone));
    zones.delete(this.options.zone);
    return [...own, ...[...zones].map((zone) => this.choose(zone))];
  }

  /** One random node of the zone, one that answers when there is one; the same for a while, so that batches grow. */
  private choose(zone: string): Peer {
    const known = this.chosen.get(zone);
    if (known && !known.isLost && this.byAddr.get(known.addr) === known) return known;
    const nodes = shuffle(
      this.all().filter((peer) => peer.zone === zone),
      this.random,
    );
    const peer = nodes.find((node) => !node.isLost) ?? (nodes[0] as Peer);
    this.chosen.set(zone, peer);
    return peer;
  }

  /** A zone whose chosen node does not answer hears through another, not only when nodes compare what they have. */
  private tellAnother({ zone }: Peer, waiting: readonly Operation[]): void {
    if (zone === this.options.zone || waiting.length === 0) return;
    const other = this.choose(zone);
    if (!other.isLost) for (const operation of waiting) other.tell(operation);
  }

  private add(addr: string, zone: string): void {
    const { connect, onBack, logger } = this.options;
    const link = connect(addr, zone === this.options.zone);
    const onOutcome = (operation: Operation, outcome: Outcome, peer: Peer) =>
      this.repair(operation, outcome, peer);
    const refresh = (operation: Operation, waitedMs: number) => this.refresh(operation, waitedMs);
    const onLost = (peer: Peer, waiting: readonly Operation[]) => this.tellAnother(peer, waiting);
    const { clock, random } = this;
    const wire = { addr, zone, link, clock, random, logger };
    this.byAddr.set(addr, new Peer({ ...wire, refresh, onOutcome, onLost, onBack }));
    logger.info({ peer: addr, zone }, "peer joined");
  }

  private remove(peer: Peer): void {
    this.byAddr.delete(peer.addr);
    if (this.chosen.get(peer.zone) === peer) this.chosen.delete(peer.zone);
    this.options.logger.info({ peer: peer.addr, zone: peer.zone }, "peer left");
    void peer.close();
  }

  /** A peer that was away hears what is true when it is back: an instance that has gone silent must not look alive. */
  private refresh(operation: Operation, waitedMs: number): Operation | undefined {
    const { registry } = this.options;
    const stored = registry.find(keyOf(operation));
    // To a node of the original a cancel is now: what has registered again since, maybe elsewhere, is told instead.
    const isGone = !stored || (operation.kind === "cancel" && stored.instance.dirtyTimestamp <= operation.at);
    if (isGone) return operation.kind === "cancel" && waitedMs < CANCEL_MS ? operation : undefined;
    const silentMs = registry.silentMs(stored);
    const { dirtyTimestamp } = stored.instance;
    if (operation.kind === "renew") return { ...operation, dirty: dirtyTimestamp, silentMs };
    const isCurrent = operation.kind === "put" && operation.instance.dirtyTimestamp === dirtyTimestamp;
    const put = putOf(stored, silentMs);
    return isCurrent && operation.set ? { ...put, set: operation.set } : put;
  }

  /** What a peer's answer asks for: it lacks what we have, or has what we lack. */
  private repair(operation: Operation, { code, instance, cancelledAt }: Outcome, peer: Peer): void {
    if (code === codes.ok) return;
    const { registry } = this.options;
    if (instance) registry.adopt(instance, 0);
    else if (cancelledAt !== undefined) registry.cancelReplicated(keyOf(operation), cancelledAt);
    else if (operation.kind === "renew" || (operation.kind === "put" && operation.set)) {
      const stored = registry.find(keyOf(operation));
      if (stored) peer.tell(putOf(stored, registry.silentMs(stored)));
    }
  }
}
