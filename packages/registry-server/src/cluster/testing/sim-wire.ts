import { codes, decodeInstance, parseWithTimestamps, routes, type Instance } from "@discoveryd/protocol";
import { decodeStates, encodeStates, type AppState } from "../app-state";
import type { Differences } from "../digest";
import { goRequests } from "../go-form";
import { decodeOutcomes, encodeOperations, type Operation, type Outcome } from "../operation";
import type { PeerLink } from "../peer-link";
import type { World } from "./world";

/** A node as the network sees it. */
export interface Machine {
  readonly addr: string;
  readonly isUp: boolean;
  /** Its answer to a request; undefined for a path that it does not know. */
  serve(path: string, body: string): string | undefined | Promise<string | undefined>;
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
/** As a real node asks a node of the original anew for batches, and tells it so many operations at a time. */
const GO_MS = 60_000;
const SINGLES = 64;

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

  /** The link of one node of ours to another; everything passes it as text, as on a real wire. */
  link(from: string, to: string, sameZone: boolean): PeerLink {
    return new SimLink(this, this.world, from, to, sameZone);
  }

  async fetchAll(from: string, to: string): Promise<string> {
    return (await this.post(from, to, routes.fetchAll.path, "")) ?? "[]";
  }

  /** Rejects when the other does not answer. Undefined is an answer, too: 404. */
  post(from: string, to: string, path: string, body: string): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const cancel = this.world.after(TIMEOUT_MS, () => reject(new Error("timed out")));
      this.carry(from, to, () => {
        const node = this.nodes.get(to);
        if (!node?.isUp) {
          cancel();
          return reject(new Error("connection refused"));
        }
        void Promise.resolve(node.serve(path, body)).then((answer) =>
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

/** Does on the simulated wire what a PeerClient does on a real one. */
class SimLink implements PeerLink {
  requests = 0;
  private goUntil = 0;

  constructor(
    private readonly wire: SimWire,
    private readonly world: World,
    private readonly from: string,
    private readonly to: string,
    private readonly sameZone: boolean,
  ) {}

  async send(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    this.requests++;
    if (operations.length > 0 && this.world.time < this.goUntil) return this.sendSingly(operations);
    const path = `${routes.replicate.path}?replication=${this.sameZone}`;
    const answer = await this.post(path, encodeOperations(operations));
    if (answer !== undefined) return decodeOutcomes(parseWithTimestamps(answer));
    this.goUntil = this.world.time + GO_MS;
    return this.sendSingly(operations);
  }

  async fetchAll(): Promise<readonly Instance[]> {
    const text = await this.wire.fetchAll(this.from, this.to);
    return (parseWithTimestamps(text) as unknown[]).map(decodeInstance);
  }

  async compare(buckets: readonly string[]): Promise<Differences | "unsupported"> {
    const answer = await this.post(routes.digests.path, JSON.stringify(buckets));
    return answer === undefined ? "unsupported" : new Map(JSON.parse(answer) as [number, never[]][]);
  }

  async exchange(apps: readonly AppState[]): Promise<readonly AppState[]> {
    const answer = await this.post(routes.exchange.path, encodeStates(apps));
    return decodeStates(parseWithTimestamps(answer ?? "[]"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async sendSingly(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    const told = operations.slice(0, SINGLES);
    const outcomes = new Map<Operation, Outcome>();
    for (const request of goRequests(told, this.sameZone)) {
      const reply = parseWithTimestamps((await this.post(request.path, request.form)) ?? "");
      const { code, data } = reply as { code: number; data?: unknown };
      const outcome = { code, ...(code === codes.conflict && { instance: decodeInstance(data) }) };
      for (const operation of request.operations) outcomes.set(operation, outcome);
    }
    return told.map((operation) => outcomes.get(operation) as Outcome);
  }

  private post(path: string, body: string): Promise<string | undefined> {
    return this.wire.post(this.from, this.to, path, body);
  }
}
