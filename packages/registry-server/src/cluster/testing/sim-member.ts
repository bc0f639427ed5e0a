import type { Instance, InstanceKey, Metadata, Status, Timestamp } from "@discoveryd/protocol";

/** What a client says of itself. */
export type Registration = InstanceKey &
  Pick<Instance, "region" | "addrs" | "version" | "status"> & { readonly metadata: Metadata };

/** A node of a simulated cluster, ours or the original's, as its operator and its clients see it. */
export interface SimMember {
  readonly addr: string;
  readonly zone: string;
  readonly isUp: boolean;
  /** Another number after each start. */
  readonly life: number;
  /** What was seen to break a rule of this node. */
  readonly violations: readonly string[];
  /** Starts with nothing, as after a crash, and syncs. */
  start(): Promise<void>;
  /** Ends at once, and forgets everything. */
  crash(): void;
  register(registration: Registration): void;
  /** False when the instance is unknown: its client registers then. */
  renew(key: InstanceKey): boolean;
  /** False when the instance is unknown. */
  cancel(key: InstanceKey): boolean;
  set(key: InstanceKey, status: Status, metadata: Metadata): void;
  find(key: InstanceKey): Instance | undefined;
  /** What it holds, as `fetch/all` shows it. */
  instances(): readonly Instance[];
  /** When it has heard that the instance was cancelled; undefined when it has not, or does not keep it. */
  cancelledAt(key: InstanceKey): Timestamp | undefined;
  /** Calls `fn` with each app that changes, until the node ends. */
  onChange(fn: (appid: string) => void): void;
}
