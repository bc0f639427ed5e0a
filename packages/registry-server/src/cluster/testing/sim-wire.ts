import { decodeInstance, encodeInstance, parseWithTimestamps, type Instance } from "@discoveryd/protocol";
import { decodeStates, encodeStates, type AppState } from "../app-state";
import type { Differences } from "../digest";
import {
  decodeOperations,
  decodeOutcomes,
  encodeOperations,
  encodeOutcomes,
  type Operation,
  type Outcome,
} from "../operation";
import type { PeerLink } from "../peer-link";
import type { Cluster } from "../cluster";
import type { World } from "./world";

/** A node as the network sees it. */
export interface Machine {
  readonly addr: string;
  readonly isUp: boolean;
  readonly cluster: Pick<Cluster, "registry" | "antiEntropy">;
  instances(): readonly Instance[];
}

/** How bad the network is. */
export interface Weather {
  /** The share of messages that are lost. */
  loss: number;
  /** The share of messages that arrive twice. */
  duplication: number;
  /** The longest a message takes, in milliseconds: two may overtake each other. */
  delayMs: number;
}

/** As a real node gives up on its peer. */
const TIMEOUT_MS = 2_000;

/** The network between nodes: loses, delays, duplicates and reorders messages, and can be cut. */
export class SimWire {
  readonly weather: Weather = { loss: 0, duplication: 0, delayMs: 5 };
  private readonly cuts = new Set<string>();
  private readonly nodes = new Map<string, Machine>();

  constructor(private readonly world: World) {}

  attach(node: Machine): void {
    this.nodes.set(node.addr, node);
  }

  /** Cuts the network in two: nothing passes between the sides. */
  partition(side: ReadonlySet<string>): void {
    this.heal();
    for (const a of this.nodes.keys()) {
      for (const b of this.nodes.keys()) {
        if (side.has(a) !== side.has(b)) this.cuts.add(`${a} ${b}`);
      }
    }
  }

  heal(): void {
    this.cuts.clear();
  }

  /** The link of one node to another; everything passes it as text, as on a real wire. */
  link(from: string, to: string, sameZone: boolean): PeerLink {
    const origin = { replication: sameZone, fromZone: true };
    const ask = (request: string, serve: (node: Machine, request: string) => string | Promise<string>) =>
      this.call(from, to, request, serve);
    return {
      requests: 0,
      send: async (operations: readonly Operation[]): Promise<readonly Outcome[]> => {
        const answer = await ask(encodeOperations(operations), (node, text) =>
          encodeOutcomes(decodeOperations(text).map((op) => node.cluster.registry.receive(op, origin))),
        );
        return decodeOutcomes(parseWithTimestamps(answer));
      },
      fetchAll: async (): Promise<readonly Instance[]> => {
        const answer = await ask("", (node) => `[${node.instances().map(encodeInstance).join(",")}]`);
        return (parseWithTimestamps(answer) as unknown[]).map(decodeInstance);
      },
      compare: async (buckets): Promise<Differences> => {
        const answer = await ask(JSON.stringify(buckets), async (node, text) => {
          const differences = await node.cluster.antiEntropy.differences(JSON.parse(text) as string[]);
          return JSON.stringify([...differences]);
        });
        return new Map(JSON.parse(answer) as [number, never[]][]);
      },
      exchange: async (apps: readonly AppState[]): Promise<readonly AppState[]> => {
        const answer = await ask(encodeStates(apps), (node, text) =>
          encodeStates(node.cluster.antiEntropy.merge(decodeStates(parseWithTimestamps(text)))),
        );
        return decodeStates(parseWithTimestamps(answer));
      },
      close: () => Promise.resolve(),
    };
  }

  private call(
    from: string,
    to: string,
    request: string,
    serve: (node: Machine, request: string) => string | Promise<string>,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const cancel = this.world.after(TIMEOUT_MS, () => reject(new Error("timed out")));
      this.carry(from, to, () => {
        const node = this.nodes.get(to);
        if (!node?.isUp) {
          cancel();
          return reject(new Error("connection refused"));
        }
        void Promise.resolve(serve(node, request)).then((answer) =>
          this.carry(to, from, () => {
            cancel();
            resolve(answer);
          }),
        );
      });
    });
  }

  private carry(from: string, to: string, deliver: () => void): void {
    const { loss, duplication, delayMs } = this.weather;
    const copies = this.world.chance(duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.world.chance(loss)) continue;
      this.world.after(1 + this.world.random() * delayMs, () => {
        if (!this.cuts.has(`${from} ${to}`)) deliver();
      });
    }
  }
}
