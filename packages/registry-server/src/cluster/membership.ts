import { INFRA_APPID } from "@discoveryd/protocol";
import type { Registry } from "../registry/registry";
import type { Peers } from "./peers";

export interface MembershipOptions {
  readonly registry: Registry;
  readonly peers: Pick<Peers, "become">;
  /** host:port of this node. */
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

  constructor(private readonly options: MembershipOptions) {}

  start(): void {
    const { registry } = this.options;
    this.stop = registry.changed.on((app) => {
      if (app.appid === INFRA_APPID) this.update();
    });
    this.update();
  }

  close(): void {
    this.stop?.();
  }

  private update(): void {
    const { registry, peers, self, zone, seeds, zones } = this.options;
    const members = new Map<string, string>();
    for (const [name, registered] of registry.apps.find("", INFRA_APPID)?.zones ?? []) {
      for (const { instance } of registered.all()) {
        for (const addr of instance.addrs) members.set(hostOf(addr), name);
      }
    }
    for (const [name, addrs] of zones) for (const addr of addrs) members.set(addr, name);
    for (const addr of seeds) members.set(addr, zone);
    members.delete(self);
    peers.become(members);
  }
}

/** `http://10.0.0.1:7171` to `10.0.0.1:7171`. */
function hostOf(addr: string): string {
  return addr.replace(/^[a-z]+:\/\//i, "").replace(/\/.*$/, "");
}
