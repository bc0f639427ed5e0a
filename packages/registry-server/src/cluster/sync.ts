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
    // The longest silent first: leases stand in that order, and each is then added at the end.
    const heard = instances.map((instance) => ({ instance, silentMs: registry.silenceOf(instance, ttlMs) }));
    for (const { instance, silentMs } of heard.sort((a, b) => b.silentMs - a.silentMs)) {
      registry.adopt(instance, silentMs);
    }
    logger.info({ peer: peer.addr, instances: instances.length }, "synced from a peer");
    onFirst();
  } catch (err) {
    logger.warn({ peer: peer.addr, err }, "no sync from a peer: it does not answer");
  }
}
