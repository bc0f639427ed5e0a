import type { InstanceKey, Timestamp } from "@discoveryd/protocol";
import { ownText } from "./own-text";

interface Tombstone {
  readonly timestamp: Timestamp;
  readonly until: number;
}

/** How long a cancelled instance is remembered, in milliseconds: longer than any replication is under way. */
export const TOMBSTONE_MS = 180_000;

/**
 * What is left of cancelled instances: refuses replicated registers of their former lives, which may arrive late.
 * All live equally long, so the oldest stand in front.
 */
export class Tombstones {
  private readonly byKey = new Map<string, Tombstone>();

  get size(): number {
    return this.byKey.size;
  }

  /** @param timestamp the version that was cancelled, or the moment. @param now milliseconds of the monotonic clock. */
  bury(key: InstanceKey, timestamp: Timestamp, now: number): void {
    const text = keyText(key);
    const known = this.find(key, now);
    // Set anew, so that it stands at the end.
    this.byKey.delete(text);
    // A late cancel must not let in what a later one keeps out.
    const latest = known !== undefined && known > timestamp ? known : timestamp;
    this.byKey.set(ownText(text), { timestamp: latest, until: now + TOMBSTONE_MS });
  }

  /** When the instance was cancelled; undefined when it was not, or too long ago. */
  find(key: InstanceKey, now: number): Timestamp | undefined {
    const tombstone = this.byKey.get(keyText(key));
    return tombstone && tombstone.until > now ? tombstone.timestamp : undefined;
  }

  /** The instance lives again. */
  lift(key: InstanceKey): void {
    this.byKey.delete(keyText(key));
  }

  sweep(now: number): void {
    for (const [key, { until }] of this.byKey) {
      if (until > now) return;
      this.byKey.delete(key);
    }
  }
}

// No part of a key holds a comma.
function keyText({ env, appid, zone, hostname }: InstanceKey): string {
  return `${env},${appid},${zone},${hostname}`;
}
