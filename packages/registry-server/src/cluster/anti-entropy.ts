import { shuffle, systemClock, systemRandom, type Clock, type Random } from "@discoveryd/runtime";
import type { Instance } from "@discoveryd/protocol";
import type { Logger } from "pino";
import type { Registry } from "../registry/registry";
import { looksDifferent } from "../registry/same-instance";
import type { StoredInstance } from "../registry/stored-instance";
import { readState, type AppState } from "./app-state";
import { digestApps, digestBuckets, type AppDigest, type Differences } from "./digest";
import { cancelOf, putOf, type Cancel } from "./operation";
import type { Peer } from "./peer";
import type { Peers } from "./peers";

/** Every peer is compared with in this time, in milliseconds. */
const ROUND_MS = 60_000;
/** Comparisons are at least this far apart, in milliseconds, however many peers there are. */
const LEAST_MS = 10_000;
/** So many instances go into one exchange, at most, unless one app has more. */
const CHUNK = 500;

export interface AntiEntropyOptions {
  readonly registry: Registry;
  readonly peers: Peers;
  /** A lease, in milliseconds. What has been silent longer is about to be evicted, and is not passed on. */
  readonly ttlMs: number;
  /** Called when this node and a peer have been made equal. */
  readonly onEqual: () => void;
  readonly logger: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** An app's name. */
type AppName = Pick<AppDigest, "env" | "appid">;

/**
 * Makes nodes equal that have seen different things: compares digests with one peer after the other, in random order,
 * and exchanges what differs.
 */
export class AntiEntropy {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly underWay = new Set<Peer>();
  private readonly again = new Set<Peer>();
  private rotation: Peer[] = [];
  private stop: (() => void) | undefined;
  private closed = false;

  constructor(private readonly options: AntiEntropyOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
  }

  start(): void {
    this.plan();
  }

  close(): void {
    this.closed = true;
    this.stop?.();
  }

  /**
   * Makes this node and a peer equal, as far as both hold still. A peer that does not answer is left for later; one that
   * is being compared with already is compared with once more after that.
   */
  async reconcile(peer: Peer): Promise<void> {
    if (this.closed) return;
    if (this.underWay.has(peer)) {
      this.again.add(peer);
      return;
    }
    this.underWay.add(peer);
    try {
      await this.exchangeWith(peer);
      this.options.onEqual();
    } catch (err) {
      this.options.logger.debug({ peer: peer.addr, err }, "comparison with a peer failed");
    } finally {
      this.underWay.delete(peer);
      if (this.again.delete(peer)) void this.reconcile(peer);
    }
  }

  /** The receiver's half of `compare`: the digests of our apps in the buckets that differ. */
  async differences(theirs: readonly string[]): Promise<Differences> {
    const apps = await this.digest();
    const own = digestBuckets(apps);
    return new Map(apps.map((list, i) => [i, list] as const).filter(([i]) => own[i] !== theirs[i]));
  }

  /** The receiver's half of `exchange`: takes what is newer, and answers with what is here. */
  merge(states: readonly AppState[]): AppState[] {
    return states.map((state) => {
      const { env, appid, isRest } = state;
      const cancelled = this.take(state).map(({ key: { zone, hostname }, at }) => ({ zone, hostname, at }));
      if (isRest) return { env, appid, instances: [], cancelled };
      return { ...readState(this.options.registry, state, this.isCounted), cancelled };
    });
  }

  private plan(): void {
    if (this.closed) return;
    const ms = Math.max(LEAST_MS, ROUND_MS / Math.max(1, this.options.peers.all().length));
    this.stop = this.clock.after(ms, () => void this.step());
  }

  private async step(): Promise<void> {
    const present = new Set(this.options.peers.all().filter((peer) => !peer.isLost));
    this.rotation = this.rotation.filter((peer) => present.has(peer));
    if (this.rotation.length === 0) this.rotation = shuffle([...present], this.random);
    const peer = this.rotation.pop();
    if (peer) await this.reconcile(peer);
    this.plan();
  }

  private async exchangeWith(peer: Peer): Promise<void> {
    const own = await this.digest();
    const theirs = await peer.link.compare(digestBuckets(own));
    if (theirs === "unsupported") return this.syncWith(peer);
    const names = differing(own, theirs);
    for (const chunk of this.chunks(names)) {
      const states = chunk.map((name) => readState(this.options.registry, name, this.isCounted));
      for (const state of await peer.link.exchange(states)) this.takeFrom(peer, state);
    }
    if (names.length > 0)
      this.options.logger.info({ peer: peer.addr, apps: names.length }, "made equal with a peer");
  }

  /**
   * A node of the original compares nothing: what it has newer is taken, and it is told what it has older, or has still
   * though it was cancelled. What it lacks it hears by renewals. It makes some timestamps of an instance itself: those
   * may differ.
   */
  private async syncWith(peer: Peer): Promise<void> {
    const { registry, ttlMs } = this.options;
    for (const instance of await peer.link.fetchAll()) {
      const silentMs = registry.silenceOf(instance, ttlMs);
      // About to be evicted there: taken here it would come and go with every round.
      if (silentMs >= ttlMs || isSame(registry.find(instance)?.instance, instance)) continue;
      const adopted = registry.adopt(instance, silentMs);
      if (adopted.kind === "buried") peer.tell(cancelOf(instance, adopted.at));
      if (adopted.kind === "conflict")
        peer.tell(putOf(adopted.instance, registry.silentMs(adopted.instance)));
    }
  }

  private takeFrom(peer: Peer, state: AppState): void {
    for (const cancel of this.take(state)) peer.tell(cancel);
    const { env, appid } = state;
    for (const { zone, hostname, at } of state.cancelled) {
      this.options.registry.cancelReplicated({ env, appid, zone, hostname }, at);
    }
  }

  /** Takes what is newer; returns the cancels of what was cancelled here since. */
  private take({ instances }: AppState): Cancel[] {
    const { registry, ttlMs } = this.options;
    return instances.flatMap(({ instance, silentMs }) => {
      if (silentMs >= ttlMs) return [];
      const adopted = registry.adopt(instance, silentMs);
      return adopted.kind === "buried" ? [cancelOf(instance, adopted.at)] : [];
    });
  }

  private *chunks(names: readonly AppName[]): Generator<AppName[]> {
    let chunk: AppName[] = [];
    let instances = 0;
    for (const name of names) {
      chunk.push(name);
      instances += this.options.registry.apps.find(name.env, name.appid)?.size ?? 0;
      if (instances < CHUNK && chunk.length < CHUNK) continue;
      yield chunk;
      chunk = [];
      instances = 0;
    }
    if (chunk.length > 0) yield chunk;
  }

  private digest(): Promise<AppDigest[][]> {
    return digestApps(this.options.registry.apps, this.isCounted, this.clock);
  }

  private readonly isCounted = (stored: StoredInstance): boolean =>
    this.options.registry.silentMs(stored) < this.options.ttlMs;
}

/** Two sets of one moment, on instances that were not the same, are of one version and yet differ. */
function isSame(ours: Instance | undefined, theirs: Instance): boolean {
  return ours?.dirtyTimestamp === theirs.dirtyTimestamp && !looksDifferent(ours, theirs);
}

/** The apps whose digests are not the same on both sides. */
function differing(own: readonly (readonly AppDigest[])[], theirs: Differences): AppName[] {
  const names: AppName[] = [];
  for (const [bucket, apps] of theirs) {
    const known = new Map((own[bucket] ?? []).map((app) => [`${app.env},${app.appid}`, app]));
    for (const app of apps) {
      const mine = known.get(`${app.env},${app.appid}`);
      known.delete(`${app.env},${app.appid}`);
      if (mine?.digest !== app.digest) names.push(app);
    }
    names.push(...known.values());
  }
  return names;
}
