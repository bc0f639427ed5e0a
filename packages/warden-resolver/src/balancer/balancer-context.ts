import type { Clock, Random } from "@discoveryd/runtime";
import type { StatsStore } from "./stats-store";

/** One connection's state, for messages and status pages. */
export interface ConnectionReport {
  /** `host:port`. */
  readonly address: string;
  readonly ready: boolean;
  /** Why the last attempt to connect failed. Undefined when it did not. */
  readonly error?: string;
}

/** What a resolver hands to the balancers of its channel. One object for the life of the channel. */
export interface BalancerContext {
  /** Outlives balancers: grpc-js makes a new one when a channel wakes up, or when the strategy changes. */
  readonly stats: StatsStore;
  /** Of calls whose metadata carries none. Empty: none. */
  readonly color: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Where instances were looked for, for error messages. */
  describe(): string;
  /** Called with each change of the connections: those of the current list, not those that are leaving. */
  onConnections?(connections: readonly ConnectionReport[]): void;
}
