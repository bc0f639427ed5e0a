import type { Resolver } from "@discoveryd/naming-sdk";
import type { ChannelProbe } from "../resolver/naming-resolver";

type Connections = Parameters<NonNullable<ChannelProbe["onConnections"]>>[0];

// As many as a person reads.
const SHOWN = 5;

/** How far a channel has come, as its resolver and its balancer tell it. */
export class DialProgress implements ChannelProbe {
  /** Whether there has been a connection since the channel was made. */
  wasReady = false;
  private resolver: Resolver | undefined;
  private connections: Connections = [];

  onResolver(resolver: Resolver | undefined): void {
    this.resolver = resolver;
  }

  onConnections(connections: Connections): void {
    this.connections = connections;
  }

  /** In one line: where it stands, who was asked, and the last failure. */
  describe(): string {
    const { resolver } = this;
    if (!resolver) return "no address could be connected to";
    if (this.connections.length > 0) return `instances found but none connects: ${this.listConnections()}`;
    const status = resolver.status();
    switch (status.kind) {
      case "waiting":
        return `no answer yet for ${resolver.describe()}`;
      case "unreachable":
        return `registry not reached: asked ${status.nodes.join(", ")}, last failure: ${textOf(status.cause)}; looking for ${resolver.describe()}`;
      case "missing":
        return `app not registered: ${resolver.describe()}`;
      case "filtered":
        return `instances found, but none fits the zone, clusters and scheme asked for: ${resolver.describe()}`;
      case "found":
        return `instances found, but none can be called: ${resolver.describe()}`;
    }
  }

  private listConnections(): string {
    const shown = this.connections
      .slice(0, SHOWN)
      .map(({ address, error }) => `${address} (${error === undefined ? "connecting" : core(error)})`);
    const more = this.connections.length - shown.length;
    return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
  }
}

/** The reason itself, without the words grpc-js puts around it. */
function core(error: string): string {
  return error
    .replace(/^No connection established\. Last error: (?:Error: )?/, "")
    .replace(/\. Resolution note: .*$/s, "");
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
