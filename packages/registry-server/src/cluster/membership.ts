import { INFRA_APPID } from "@discoveryd/protocol";
import type { Registry } from "../registry/registry";
import type { Peers } from "./peers";

export interface MembershipOptions {
  readonly registry: Registry;
  readonly peers: Pick<Peers, "become">;
  /** host:port of this node, as its configuration has it. */
  readonly self: string;
  readonly zone: string;
  /** The nodes of the own zone that the configuration names: never forgotten, whatever is registered. */
  readonly seeds: readonly string[];
  /** Zone to the nodes that the configuration names. */
  readonly zones: ReadonlyMap<string, readonly string[]>;
}

/** Keeps the peers those that the configuration names and those registered as `infra.discovery`. */
export class Membership {
  private stop: (() => void) | undefined;
  /** Names of this node: it is no peer of itself. */
  private readonly own: Set<string>;

  constructor(private readonly options: MembershipOptions) {
    this.own = new Set([options.self]);
  }

  start(): void {
    const { registry } = this.options;
    this.stop = registry.changed.on((app) => {
      if (app.appid === INFRA_APPID) this.update();
    });
    this.update();
  }

  /** This node answers at this address, too: its configuration left the port free. */
  answersAt(addr: string): void {
    this.own.add(addr);
  }

  close(): void {
    this.stop?.();
  }

  private update(): void {
    const { registry, peers, zone, seeds, zones } = this.options;
    const members = new Map<string, string>();
    for (const [name, registered] of registry.apps.find("", INFRA_APPID)?.zones ?? []) {
      for (const { instance } of registered.all()) {
        for (const addr of instance.addrs) members.set(hostOf(addr), name);
      }
    }
    for (const [name, addrs] of zones) for (const addr of addrs) members.set(addr, name);
    for (const addr of seeds) members.set(addr, zone);
    for (const addr of this.own) members.delete(addr);
    peers.become(members);
  }
}

/** `http://10.0.0.1:7171` to `10.0.0.1:7171`. */
function hostOf(addr: string): string {
  return addr.replace(/^[a-z]+:\/\//i, "").replace(/\/.*$/, "");
}
