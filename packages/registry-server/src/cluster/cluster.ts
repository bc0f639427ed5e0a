import { repeat, sleep, systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Registry } from "../registry/registry";
import { AntiEntropy } from "./anti-entropy";
import { Bootstrap } from "./bootstrap";
import { Membership } from "./membership";
import type { PeerLink } from "./peer-link";
import { Peers } from "./peers";
import { ReplicatedRegistry } from "./replicated-registry";
import { Self } from "./self";
import { syncFromPeers } from "./sync";

export interface ClusterOptions {
  readonly registry: Registry;
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly host: string;
  /** The nodes of the own zone that the configuration names. */
  readonly seeds: readonly string[];
  /** Zone to the nodes that the configuration names. */
  readonly zones: ReadonlyMap<string, readonly string[]>;
  /** Refuse reads until the first sync. */
  readonly protect: boolean;
  /** A lease, in milliseconds. */
  readonly ttlMs: number;
  /** Opens the wire to a peer. */
  readonly connect: (addr: string, sameZone: boolean) => PeerLink;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A node of the own zone, as clients are told of it. */
export interface NodeState {
  /** host:port. */
  readonly addr: string;
  readonly zone: string;
  readonly lost: boolean;
}

/** The first sync holds up the start at most this long, in milliseconds. */
const SYNC_MS = 5_000;
/** Another node of each other zone is told after so many milliseconds. */
const RECHOOSE_MS = 60_000;

/** This node among the others: makes the parts of that, starts and ends them in order. */
export class Cluster {
  /** Where changes go: they are made here, and told to the others. */
  readonly registry: ReplicatedRegistry;
  readonly antiEntropy: AntiEntropy;
  readonly bootstrap: Bootstrap;
  readonly peers: Peers;
  private readonly clock: Clock;
  private membership: Membership | undefined;
  private own: Self | undefined;
  private stopRechoosing: (() => void) | undefined;

  constructor(private readonly options: ClusterOptions) {
    const { registry, zone, connect, logger, ttlMs, random = systemRandom } = options;
    const clock = (this.clock = options.clock ?? systemClock);
    const onBack = (peer: Parameters<AntiEntropy["reconcile"]>[0]) => void this.antiEntropy.reconcile(peer);
    this.peers = new Peers({ registry, zone, connect, onBack, logger, clock, random });
    this.registry = new ReplicatedRegistry(registry, this.peers);
    this.bootstrap = new Bootstrap(options.protect, clock);
    const onEqual = () => this.bootstrap.open();
    this.antiEntropy = new AntiEntropy({
      registry,
      peers: this.peers,
      ttlMs,
      onEqual,
      logger,
      clock,
      random,
    });
  }

  /** The instance that is this node; undefined before it is registered. */
  get self(): Self["key"] | undefined {
    return this.own?.key;
  }

  /** The nodes of the own zone: this one, and its peers as they answer. */
  nodes(addr: string): NodeState[] {
    const { zone } = this.options;
    const peers = this.peers.all().filter((peer) => peer.zone === zone);
    return [
      { addr, zone, lost: false },
      ...peers.map((peer) => ({ addr: peer.addr, zone, lost: peer.isLost })),
    ];
  }

  /** Takes what the peers know; resolves when all have answered, at the latest after 5 s. @param addr this node's. */
  async sync(addr: string): Promise<void> {
    const { registry, zone, seeds, zones, ttlMs, logger } = this.options;
    this.bootstrap.start();
    this.membership = new Membership({ registry, peers: this.peers, self: addr, zone, seeds, zones });
    this.membership.start();
    const peers = this.peers.all();
    if (peers.length === 0) return this.bootstrap.open();
    const onFirst = () => this.bootstrap.open();
    const patience = new AbortController();
    const { clock } = this;
    const synced = syncFromPeers({ registry, peers, ttlMs, onFirst, logger, clock });
    await Promise.race([synced, sleep(clock, SYNC_MS, patience.signal)]);
    patience.abort();
  }

  /** Registers this node, and keeps the nodes equal from then on. */
  join(addr: string): void {
    const { clock } = this;
    this.membership?.answersAt(addr);
    this.own = new Self({
      ...this.options,
      registry: this.registry,
      local: this.options.registry,
      addr,
      clock,
    });
    this.own.start();
    this.antiEntropy.start();
    this.stopRechoosing = repeat(clock, RECHOOSE_MS, () => this.peers.rechoose());
  }

  /** Cancels this node's registration; resolves when the peers have heard, at most 500 ms later. */
  async leave(): Promise<void> {
    this.stopRechoosing?.();
    this.antiEntropy.close();
    await this.own?.close();
  }

  /** Gives up on what peers have not answered, so that the end need not wait for it. */
  cut(): void {
    for (const peer of this.peers.all()) void peer.link.close();
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.leave();
    this.bootstrap.close();
    this.membership?.close();
    await this.peers.close();
  }
}
