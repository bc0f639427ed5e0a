import { STATUS_UP, STATUS_WAITING, type InstanceKey } from "@discoveryd/protocol";
import type { SimMember } from "./sim-member";
import { TTL_MS } from "./sim-node";
import type { World } from "./world";

/** A heartbeat comes every 27 to 30 s. */
const RENEW_MS = 30_000;

/**
 * One instance of a service: registers, renews and changes itself through whatever node it picks, and one day cancels.
 * It notes what the nodes have promised, and says when one breaks a promise.
 */
export class SimClient {
  readonly key: InstanceKey;
  readonly violations: string[] = [];
  isAlive = false;
  /** Cancelled for good, with a node's word for it. */
  isCancelled = false;
  private isRegistered = false;
  private version = 0;
  /** Changes when it registers as something new, and when it ends. */
  private life = 0;
  private stop: () => void = () => undefined;

  constructor(
    private readonly world: World,
    private readonly nodes: readonly SimMember[],
    appid: string,
    zone: string,
    hostname: string,
  ) {
    this.key = { env: "dev", appid, zone, hostname };
  }

  /** Registers as something new, and keeps renewing. */
  start(): void {
    this.isAlive = true;
    this.isCancelled = false;
    this.life++;
    this.version++;
    this.isRegistered = false;
    this.beat();
  }

  /** Dies without a word. */
  die(): void {
    this.isAlive = false;
    this.life++;
    this.stop();
  }

  /** Cancels at some node; where that fails it is as if it had died. */
  cancel(): void {
    this.die();
    const node = this.someNode();
    if (!node?.cancel(this.key)) return;
    this.isCancelled = true;
    for (const other of this.nodes) this.watchForReturn(other);
  }

  /** A node that has heard of the cancel must not have an older version again before it registers anew. */
  private watchForReturn(node: SimMember): void {
    const { life } = this;
    let cancelledAt = node.cancelledAt(this.key);
    node.onChange((appid) => {
      if (appid !== this.key.appid || this.life !== life) return;
      const dirty = node.find(this.key)?.dirtyTimestamp;
      if (cancelledAt !== undefined && dirty !== undefined && dirty < cancelledAt) {
        this.violations.push(`${node.addr} has the cancelled ${appid} ${this.key.hostname} again`);
      }
      cancelledAt ??= node.cancelledAt(this.key);
    });
  }

  /** An operator or the client itself changes its status. */
  set(): void {
    const status = this.world.chance(0.5) ? STATUS_UP : STATUS_WAITING;
    this.someNode()?.set(this.key, status, new Map([["step", String(this.version++)]]));
  }

  private beat(): void {
    this.stop();
    const node = this.someNode();
    if (node) this.renewAt(node);
    const ms = node ? RENEW_MS * (0.9 + 0.1 * this.world.random()) : 1_000;
    this.stop = this.world.after(ms, () => this.beat());
  }

  private renewAt(node: SimMember): void {
    if (!this.isRegistered || !node.renew(this.key)) this.registerAt(node);
    this.isRegistered = true;
    const { life } = this;
    const nodesLife = node.life;
    // A late cancel of its former life, from a clock ahead of this node's, may have taken it out for a heartbeat.
    this.world.after(TTL_MS - 1_000, () => {
      if (this.life !== life || !node.isUp || node.life !== nodesLife) return;
      if (node.find(this.key)) return;
      const { appid, hostname } = this.key;
      this.violations.push(`${node.addr} has lost ${appid} ${hostname}, which kept renewing, within a lease`);
    });
  }

  private registerAt(node: SimMember): void {
    node.register({
      ...this.key,
      region: "r",
      addrs: [`grpc://10.0.0.1:${9_000 + this.version}`, "http://10.0.0.1:80"],
      version: `v${this.version}`,
      metadata: new Map([["weight", "10"]]),
      status: STATUS_UP,
    });
  }

  private someNode(): SimMember | undefined {
    const up = this.nodes.filter((node) => node.isUp);
    return up.length === 0 ? undefined : this.world.pick(up);
  }
}
