import { codes } from "@discoveryd/protocol";
import { shuffle, systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Registry } from "../registry/registry";
import type { StoredInstance } from "../registry/stored-instance";
import { keyOf, putOf, type News, type Operation, type Outcome, type Renew } from "./operation";
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
  private ownZone: readonly Peer[] = [];
  private otherZones: readonly string[] = [];
  /** Zone to the node of it that is told just now. */
  private readonly chosen = new Map<string, Peer>();
  private readonly clock: Clock;
  private readonly random: Random;

  constructor(private readonly options: PeersOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
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
    const { zone } = this.options;
    this.ownZone = this.all().filter((peer) => peer.zone === zone);
    this.otherZones = [...new Set(members.values())].filter((other) => other !== zone);
  }

  /**
   * Tells those who have still to hear. Resolves when every one that answers has, at the latest after 500 ms;
   * undefined when there is nobody to wait for.
   */
  tell(news: readonly News[], origin: Origin): Promise<void> | undefined {
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
        for (const one of news) {
          if (peer.tell(one, settle)) open++;
        }
      }
      settle();
    });
  }

  /** Tells of an instance's heartbeat: nobody waits for that. */
  tellHeartbeat(stored: StoredInstance, origin: Origin): void {
    for (const peer of this.audience(origin)) peer.tellHeartbeat(stored);
  }

  /** Other zones are told through another of their nodes from now on. */
  rechoose(): void {
    this.chosen.clear();
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((peer) => peer.close()));
  }

  private audience(origin: Origin): readonly Peer[] {
    if (origin.replication) return [];
    if (origin.fromZone || this.otherZones.length === 0) return this.ownZone;
    return [...this.ownZone, ...this.otherZones.map((zone) => this.choose(zone))];
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
  private tellAnother({ zone, backlog, waiting, waitingHeartbeats }: Peer): void {
    if (zone === this.options.zone || backlog === 0) return;
    const other = this.choose(zone);
    if (other.isLost) return;
    for (const news of waiting) other.tell(news);
    for (const stored of waitingHeartbeats) other.tellHeartbeat(stored);
  }

  private add(addr: string, zone: string): void {
    const { connect, onBack, logger } = this.options;
    const link = connect(addr, zone === this.options.zone);
    const onOutcome = (operation: Operation, outcome: Outcome, peer: Peer) =>
      this.repair(operation, outcome, peer);
    const refresh = (news: News, waitedMs: number) => this.refresh(news, waitedMs);
    const renewal = (stored: StoredInstance) => this.renewal(stored);
    const onLost = (peer: Peer) => this.tellAnother(peer);
    const { clock, random } = this;
    const wire = { addr, zone, link, clock, random, logger };
    this.byAddr.set(addr, new Peer({ ...wire, refresh, renewal, onOutcome, onLost, onBack }));
    logger.info({ peer: addr, zone }, "peer joined");
  }

  private remove(peer: Peer): void {
    this.byAddr.delete(peer.addr);
    if (this.chosen.get(peer.zone) === peer) this.chosen.delete(peer.zone);
    this.options.logger.info({ peer: peer.addr, zone: peer.zone }, "peer left");
    void peer.close();
  }

  /** A peer that was away hears what is true when it is back: an instance that has gone silent must not look alive. */
  private refresh(news: News, waitedMs: number): News | undefined {
    const { registry } = this.options;
    const stored = registry.find(keyOf(news));
    // To a node of the original a cancel is now: what has registered again since, maybe elsewhere, is told instead.
    const isGone = !stored || (news.kind === "cancel" && stored.instance.dirtyTimestamp <= news.at);
    if (isGone) return news.kind === "cancel" && waitedMs < CANCEL_MS ? news : undefined;
    const { dirtyTimestamp } = stored.instance;
    const isCurrent = news.kind === "put" && news.instance.dirtyTimestamp === dirtyTimestamp;
    const put = putOf(stored, registry.silentMs(stored));
    return isCurrent && news.set ? { ...put, set: news.set } : put;
  }

  private renewal(stored: StoredInstance): Renew | undefined {
    const { registry } = this.options;
    if (!registry.leases.has(stored)) return undefined;
    const { instance } = stored;
    const { region, dirtyTimestamp: dirty } = instance;
    return { kind: "renew", key: instance, region, dirty, silentMs: registry.silentMs(stored) };
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
