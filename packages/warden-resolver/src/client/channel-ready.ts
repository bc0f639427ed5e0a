import { connectivityState as State, type Client } from "@grpc/grpc-js";

/** A client's channel: grpc-js exports the class under the name of the interface, and the interface under none. */
export type Channel = ReturnType<Client["getChannel"]>;

/** How a wait for a channel ended. */
export type Readiness = "ready" | "late" | "closed" | "aborted";

export interface ReadyOptions {
  /** When the wait ends, in milliseconds since the epoch; Infinity is never. A wait with an end keeps the process alive. */
  readonly until: number;
  readonly signal?: AbortSignal | undefined;
}

/** Makes the channel connect, and resolves when it has a connection or will not have one in time. Never rejects. */
export function channelReady(channel: Channel, { until, signal }: ReadyOptions): Promise<Readiness> {
  return new Promise((resolve) => {
    const end = (readiness: Readiness) => {
      signal?.removeEventListener("abort", onAbort);
      resolve(readiness);
    };
    const onAbort = () => end("aborted");
    const look = (late?: Error) => {
      if (signal?.aborted) return onAbort();
      const state = channel.getConnectivityState(true);
      if (state === State.READY) return end("ready");
      if (state === State.SHUTDOWN) return end("closed");
      if (late) return end("late");
      channel.watchConnectivityState(state, until, look);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    look();
  });
}
