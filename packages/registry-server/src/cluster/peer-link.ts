import type { Instance } from "@discoveryd/protocol";
import type { AppState } from "./app-state";
import type { Differences } from "./digest";
import type { Operation, Outcome } from "./operation";

/** The wire to one peer. Every method rejects when the peer does not answer in time, or not as it should. */
export interface PeerLink {
  /** Requests made so far to tell it something. A node of the original takes one an operation. */
  readonly requests: number;
  /**
   * Tells it what has happened; resolves with what it made of each operation, in order. Fewer outcomes than operations
   * mean that only the first were told. Without an operation it asks for a sign of life.
   */
  send(operations: readonly Operation[]): Promise<readonly Outcome[]>;
  /** Every instance it has. */
  fetchAll(): Promise<readonly Instance[]>;
  /**
   * Gives it our digest of each bucket; resolves with the digests of its apps in the buckets that differ, or with
   * "unsupported" from a node of the original.
   */
  compare(buckets: readonly string[]): Promise<Differences | "unsupported">;
  /** Gives it our state of some apps; resolves with its own. */
  exchange(apps: readonly AppState[]): Promise<readonly AppState[]>;
  close(): Promise<void>;
}
