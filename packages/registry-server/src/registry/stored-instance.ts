import { createHash } from "node:crypto";
import { encodeAroundRenew, type Instance, type Timestamp } from "@discoveryd/protocol";
import type { Leased } from "./lease-list";

/**
 * An instance with its lease. The instance itself never changes: a new state is a new object. A heartbeat
 * moves only what stands here.
 */
export class StoredInstance implements Leased {
  /** Last heartbeat, as shown to consumers. Moves on while `instance.renewTimestamp` does not. */
  renewTimestamp: Timestamp;
  /** Last heartbeat, in milliseconds of the monotonic clock: what the lease counts from. */
  renewedAt: number;
  /** Neighbours in the list of leases. */
  older: Leased | undefined = undefined;
  newer: Leased | undefined = undefined;

  private ascii = false;
  private head: string | undefined;
  private tail = "";
  private fingerprint: string | undefined;

  constructor(
    private current: Instance,
    /** When it came, in milliseconds of the monotonic clock. */
    readonly joinedAt: number,
  ) {
    this.renewTimestamp = current.renewTimestamp;
    this.renewedAt = joinedAt;
  }

  get instance(): Instance {
    return this.current;
  }

  replace(instance: Instance): void {
    this.current = instance;
    this.renewTimestamp = instance.renewTimestamp;
    this.head = undefined;
    this.fingerprint = undefined;
  }

  renew(timestamp: Timestamp, now: number): void {
    this.renewTimestamp = timestamp;
    this.renewedAt = now;
  }

  /** How many bytes of its text come after the value of `renew_timestamp`. */
  get bytesAfterRenewal(): number {
    if (this.head === undefined) this.encode();
    // Digits and names of ours only.
    return this.tail.length;
  }

  /** Whether its text has as many bytes as characters. */
  get isAscii(): boolean {
    if (this.head === undefined) this.encode();
    return this.ascii;
  }

  /** The instance as JSON text. What a heartbeat does not change is encoded once. */
  encode(): string {
    if (this.head === undefined) {
      [this.head, this.tail] = encodeAroundRenew(this.current);
      this.ascii = Buffer.byteLength(this.head) === this.head.length;
    }
    return this.head + this.renewTimestamp + this.tail;
  }

  /** The same on two nodes when they hold the same state of the same instance; heartbeats do not count. */
  version(): string {
    this.fingerprint ??= createHash("sha1").update(encodeAroundRenew(this.current).join("")).digest("base64");
    return this.fingerprint;
  }
}
