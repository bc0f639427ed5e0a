import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterNode } from "./use-cluster";

/** Clients renew every 30 s; here they are in a hurry. */
const BETWEEN_MS = 300;

/** What a client registers. */
export function instance(hostname: string, appid = "app"): Record<string, string | string[]> {
  return {
    ...{ env: "dev", appid, zone: "z1", region: "r", hostname, version: "1", status: "1" },
    addrs: [`grpc://10.0.0.1:9000`, `http://10.0.0.1:8000`],
    metadata: '{"weight":"10"}',
  };
}

/** Instances that renew, each at whatever node answers, and register again where they are unknown. */
export class Heartbeats {
  private stopped = false;
  private readonly loops: Promise<void>[];

  constructor(nodes: readonly ClusterNode[], hostnames: readonly string[]) {
    this.loops = hostnames.map((hostname, i) => this.loop(nodes, hostname, i));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.loops);
  }

  private async loop(nodes: readonly ClusterNode[], hostname: string, first: number): Promise<void> {
    for (let turn = first; !this.stopped; turn++) {
      await beat(nodes[turn % nodes.length] as ClusterNode, hostname);
      await sleep(BETWEEN_MS);
    }
  }
}

/** A node that is down is not where it renews. */
async function beat(node: ClusterNode, hostname: string): Promise<void> {
  try {
    const { code } = await node.post("renew", instance(hostname));
    if (code === -404) await node.post("register", instance(hostname));
  } catch {
    // The next one is asked the next time.
  }
}
