import { repeat, seededRandom } from "@discoveryd/runtime";
import { isObject, parseExact, type JsonObject } from "../exact-json";
import { Simulation, type Front } from "../simulation";
import type { Wire } from "../wire";
import { HEARTBEAT_MS, formOf, type StandIn } from "./stand-in";
import type { Animal } from "./zoo";

/** Not the node's own: the registry's nodes must be found in every env. */
const ENV = "prod";
const ZONE = "sh001";

/** A registry, one stand-in, and an app `upstream` that it watches. */
export class Enclosure {
  readonly simulation: Simulation;
  private client: StandIn | undefined;
  private wire: Wire | undefined;
  /** Not the stand-in's: what others send does not count. */
  private keeper: Wire | undefined;
  private readonly heartbeats = new Map<string, () => void>();

  constructor(
    private readonly animal: Animal,
    front: Front,
  ) {
    this.simulation = new Simulation({}, front);
  }

  async open(): Promise<void> {
    const { simulation, animal } = this;
    await simulation.start();
    this.keeper = simulation.connect();
    this.wire = simulation.connect();
    this.client = new animal.StandIn({
      wire: this.wire,
      clock: simulation.clock,
      random: seededRandom(7),
      env: ENV,
      zone: ZONE,
      hostname: "h1",
      appid: "own",
      watched: "upstream",
    });
    await this.client.start();
    await simulation.settle();
  }

  get standIn(): StandIn {
    return this.client as StandIn;
  }

  /** The addresses it would call, without their scheme. */
  get seen(): string[] {
    return this.standIn.seen.map((addr) => addr.replace("grpc://", ""));
  }

  /** Lets pass what the client needs to notice a change, and a round trip. */
  notice(): Promise<void> {
    return this.simulation.advance(this.animal.noticesMs + 250);
  }

  /** Lets time pass; gives the most requests that the client sent within any second of it. */
  async busiestSecond(ms: number): Promise<number> {
    const { sentAt } = this.wire as Wire;
    const before = sentAt.length;
    await this.simulation.advance(ms);
    const sent = sentAt.slice(before);
    return Math.max(0, ...sent.map((at) => sent.filter((other) => other >= at && other < at + 1_000).length));
  }

  /** An instance of `upstream` comes, listening at this address of the loopback, and keeps its lease. */
  async comes(hostname: string, port: number): Promise<void> {
    const form = { hostname, status: "1", addrs: `grpc://127.0.0.1:${port}` };
    await this.call("register", form);
    const renew = () => this.call("renew", { hostname });
    this.heartbeats.set(hostname, repeat(this.simulation.clock, HEARTBEAT_MS, renew));
  }

  /** It takes no traffic for now (2), or again (1). */
  becomes(hostname: string, status: 1 | 2): Promise<void> {
    return this.call("set", { hostname, status: String(status) });
  }

  async goes(hostname: string): Promise<void> {
    this.heartbeats.get(hostname)?.();
    this.heartbeats.delete(hostname);
    await this.call("cancel", { hostname });
  }

  /** The registry forgets the client's own instance. */
  async forget(): Promise<void> {
    await this.call("cancel", { appid: "own", hostname: "h1" });
  }

  /** The client's own instance as the registry shows it; undefined when it is not there. */
  async ownInstance(): Promise<JsonObject | undefined> {
    const path = `/discovery/fetch?env=${ENV}&appid=own&status=3`;
    const answer = parseExact((await (this.keeper as Wire).send({ method: "GET", path })).text) as JsonObject;
    const data = answer["data"];
    return isObject(data) ? ((data["instances"] as JsonObject)[ZONE] as JsonObject[])[0] : undefined;
  }

  async close(): Promise<void> {
    this.client?.close();
    for (const stop of this.heartbeats.values()) stop();
    await this.simulation.close();
  }

  private async call(name: string, params: Readonly<Record<string, string>>): Promise<void> {
    const body = formOf({ env: ENV, zone: ZONE, appid: "upstream", ...params });
    const { text } = await (this.keeper as Wire).send({ method: "POST", path: `/discovery/${name}`, body });
    if (!text.startsWith('{"code":0,')) throw new Error(`${name} ${body}: ${text}`);
  }
}
