import { FakeClock } from "@discoveryd/runtime/testing";
import { RegistryServer } from "../../server";
import type { Config } from "../../settings";
import { START_MS, testConfig } from "../../testing/use-node";
import { Wire } from "./wire";

/** The two ways of a request to its handler. */
export const FRONTS = ["dispatcher", "express"] as const;
export type Front = (typeof FRONTS)[number];

/** Turns of the event loop without change that count as calm: a fan-out takes some to get from change to socket. */
const CALM_TURNS = 6;

/** Still busy after so many turns: a request that is never answered, or a client that spins. */
const MOST_TURNS = 20_000;

/** A registry and its clients in one process, over real sockets, in simulated time. */
export class Simulation {
  readonly clock = new FakeClock(START_MS);
  readonly server: RegistryServer;
  private readonly wires: Wire[] = [];

  /** The node is host test1 of zone sh001, region sh, env dev, unless `config` says otherwise. */
  constructor(config: Partial<Config> = {}, front: Front = "dispatcher") {
    this.server = new RegistryServer({
      config: testConfig({ host: "test1", ...config }),
      clock: this.clock,
      burstMs: 0,
      viaExpress: front === "express",
    });
  }

  start(): Promise<void> {
    return this.server.start();
  }

  /** host:port of the registry. */
  get addr(): string {
    return this.server.addr as string;
  }

  /** A client's connections to the registry. Closed with the simulation. */
  connect(): Wire {
    const wire = new Wire(`http://${this.addr}`, this.clock);
    this.wires.push(wire);
    return wire;
  }

  /** Lets `ms` pass, in steps small enough that what a step starts is answered before the next. */
  async advance(ms: number, stepMs = 250): Promise<void> {
    await this.settle();
    for (let left = ms; left > 0; left -= stepMs) {
      await this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  /** Resolves when every request is answered or hangs: all that can happen now has happened. */
  async settle(): Promise<void> {
    let calm = 0;
    for (let turn = 0; calm < CALM_TURNS; turn++) {
      if (turn > MOST_TURNS)
        throw new Error(`${this.inFlight} requests, ${this.hanging} polls hang: never calm`);
      await new Promise(setImmediate);
      calm = this.hanging === this.inFlight ? calm + 1 : 0;
    }
  }

  /** Ends clients and registry. Whatever is left on the clock then is a leak. */
  async close(): Promise<void> {
    await Promise.all(this.wires.map((wire) => wire.close()));
    await this.server.close();
  }

  private get hanging(): number {
    return this.server["subscriptions"].size;
  }

  private get inFlight(): number {
    return this.wires.reduce((sum, wire) => sum + wire.inFlight, 0);
  }
}
