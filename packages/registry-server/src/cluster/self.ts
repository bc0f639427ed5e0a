import { INFRA_APPID, RENEW_INTERVAL_MS, STATUS_UP, type InstanceKey } from "@discoveryd/protocol";
import { repeat, systemClock, type Clock } from "@discoveryd/runtime";
import { isInfra, type Registering, type Registry } from "../registry/registry";
import { fromClient } from "./peers";
import type { ReplicatedRegistry } from "./replicated-registry";

export interface SelfOptions {
  readonly registry: ReplicatedRegistry;
  /** What is registered here, this node among it. */
  readonly local: Registry;
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly host: string;
  /** host:port under which clients reach this node. */
  readonly addr: string;
  readonly clock?: Clock;
}

/**
 * This node's own registration: clients find the registry's nodes by polling `infra.discovery`, and wait in their
 * constructor until one is there. Whoever cancels it or sets it to waiting, it comes back.
 */
export class Self {
  readonly key: InstanceKey;
  private stop: (() => void) | undefined;

  constructor(private readonly options: SelfOptions) {
    const { env, zone, host } = options;
    this.key = { env, appid: INFRA_APPID, zone, hostname: host };
  }

  /** Registers, and renews from then on. */
  start(): void {
    const { clock = systemClock, local } = this.options;
    this.register();
    const stopRenewing = repeat(clock, RENEW_INTERVAL_MS, () => this.renew());
    const stopWatching = local.changed.on((app) => {
      // Once the change is made and told: what follows it must not overtake it on the way to the peers.
      if (isInfra(app) && !this.isUp()) queueMicrotask(() => this.restore());
    });
    this.stop = () => {
      stopRenewing();
      stopWatching();
    };
  }

  /** Cancels; resolves when the peers have heard, at most 500 ms later. */
  async close(): Promise<void> {
    if (!this.stop) return;
    this.stop();
    this.stop = undefined;
    await this.options.registry.cancel(this.key, fromClient).told;
  }

  private isUp(): boolean {
    return this.options.local.find(this.key)?.instance.status === STATUS_UP;
  }

  private restore(): void {
    if (this.stop && !this.isUp()) this.register();
  }

  private renew(): void {
    if (this.options.registry.renew(this.key, fromClient).kind === "missing") this.register();
  }

  private register(): void {
    void this.options.registry.register(this.registration(), fromClient);
  }

  private registration(): Omit<Registering, "replicated"> {
    const { region, addr } = this.options;
    return {
      ...this.key,
      region,
      addrs: [`http://${addr}`],
      version: "",
      metadata: new Map(),
      status: STATUS_UP,
    };
  }
}
