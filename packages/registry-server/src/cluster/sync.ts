import type { Instance } from "@discoveryd/protocol";
import type { Clock } from "@discoveryd/runtime";
import type { Logger } from "pino";
import type { Registry } from "../registry/registry";
import type { Peer } from "./peer";

export interface SyncOptions {
  readonly registry: Registry;
  readonly peers: readonly Peer[];
  /** A lease, in milliseconds. */
  readonly ttlMs: number;
  /** Called when the first peer has given what it has. */
  readonly onFirst: () => void;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Takes what every peer has. Resolves when all have answered or failed; never rejects. */
export async function syncFromPeers(options: SyncOptions): Promise<void> {
  await Promise.all(options.peers.map((peer) => syncFrom(peer, options)));
}

async function syncFrom(peer: Peer, { registry, ttlMs, onFirst, logger }: SyncOptions): Promise<void> {
  try {
    const instances = await peer.link.fetchAll();
    // The last change at the end: an app's timestamp is then that of the peer, and clients keep their place.
    for (const instance of [...instances].sort(byLatest)) {
      registry.adopt(instance, registry.silenceOf(instance, ttlMs));
    }
    logger.info({ peer: peer.addr, instances: instances.length }, "synced from a peer");
    onFirst();
  } catch (err) {
    logger.warn({ peer: peer.addr, err }, "no sync from a peer: it does not answer");
  }
}

function byLatest({ latestTimestamp: a }: Instance, { latestTimestamp: b }: Instance): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
