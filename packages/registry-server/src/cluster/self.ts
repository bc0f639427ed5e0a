import { INFRA_APPID, RENEW_INTERVAL_MS, STATUS_UP, type InstanceKey } from "@discoveryd/protocol";
import { repeat, systemClock, type Clock } from "@discoveryd/runtime";
import type { Registering } from "../registry/registry";
import { fromClient } from "./peers";
import type { ReplicatedRegistry } from "./replicated-registry";

export interface SelfOptions {
  readonly registry: ReplicatedRegistry;
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly host: string;
  /** host:port under which clients reach this node. */
  readonly addr: string;
  readonly clock?: Clock;
}

/** This node's own registration: clients find the registry's nodes by polling `infra.discovery`. */
export class Self {
  readonly key: InstanceKey;
  private stop: (() => void) | undefined;

  constructor(private readonly options: SelfOptions) {
    const { env, zone, host } = options;
    this.key = { env, appid: INFRA_APPID, zone, hostname: host };
  }

  /** Registers, and renews from then on. */
  start(): void {
    this.register();
    this.stop = repeat(this.options.clock ?? systemClock, RENEW_INTERVAL_MS, () => this.renew());
  }

  /** Cancels; resolves when the peers have heard, at most 500 ms later. */
  async close(): Promise<void> {
    if (!this.stop) return;
    this.stop();
    this.stop = undefined;
    await this.options.registry.cancel(this.key, fromClient).told;
  }

  private renew(): void {
    // Somebody may have cancelled it by hand: a registry without itself would block clients.
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
