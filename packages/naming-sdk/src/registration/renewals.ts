import { RENEW_INTERVAL_MS } from "@discoveryd/protocol";
import { silentLogger, sleep, systemClock, systemRandom } from "@discoveryd/runtime";
import type { Clock, Logger, Random } from "@discoveryd/runtime";
import type { Instance } from "../naming";
import type { NodeList } from "../nodes/node-list";
import { hurriedMs, isRenewed, renewMs, retryMs, type HeartbeatState, type Outcome } from "./heartbeat-state";
import { Renewer, type Renewed, type RenewerOptions } from "./renewer";

export interface RenewalsOptions extends RenewerOptions {
  readonly nodes: NodeList;
  /** How often to renew, in milliseconds; up to a tenth sooner. Default 30,000. */
  readonly intervalMs?: number;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** One of those that are renewed together. */
export interface Renewable {
  readonly instance: Instance;
  readonly state: HeartbeatState;
  /** What came of a renewal that was sent in the state `asked`: nothing, when the state is another by now. */
  renewed(asked: HeartbeatState, outcome: Outcome, node: string): void;
}

/**
 * The heartbeat that all registrations of a client share: one timer, and one request for as many as a node takes in
 * one. It runs while there are members. Whether a member is renewed, its own state says.
 */
export class Renewals {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly logger: Logger;
  private readonly intervalMs: number;
  private readonly renewer: Renewer;
  private readonly members = new Set<Renewable>();
  /** When all are due, in milliseconds of the monotonic clock. */
  private dueAt = 0;
  /** When those that failed are due, in milliseconds of the monotonic clock. */
  private retryAt = Infinity;
  /** Beats that failed, in a row. */
  private failures = 0;
  private isHurried = false;
  private isRunning = false;
  private nap = new AbortController();
  /** Cuts off a request under way. */
  private readonly closed = new AbortController();

  constructor(private readonly options: RenewalsOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.logger = options.logger ?? silentLogger;
    this.intervalMs = options.intervalMs ?? RENEW_INTERVAL_MS;
    this.renewer = new Renewer(options);
  }

  /** Renews it from the next beat on, until it is removed. */
  add(member: Renewable): void {
    this.members.add(member);
    if (this.isRunning || this.closed.signal.aborted) return;
    this.isRunning = true;
    this.planAll();
    void this.run();
  }

  /** A request under way may still renew it; it hears nothing of that. */
  remove(member: Renewable): void {
    this.members.delete(member);
    if (this.members.size === 0) this.nap.abort();
  }

  /**
   * Renews all within 2 s instead of 30 s, once: a registry node that was out of reach is back, and may have lost them.
   * `putOffMs` is how long the client was put off before it asked that node.
   */
  hurry(putOffMs = 0): void {
    if (this.isHurried || !this.isRunning) return;
    this.isHurried = true;
    const waitMs = hurriedMs(this.intervalMs, putOffMs, this.random);
    this.dueAt = Math.min(this.dueAt, this.clock.monotonic() + waitMs);
    this.nap.abort();
  }

  /** Ends it. Safe to call twice. */
  close(): void {
    this.members.clear();
    this.closed.abort(new Error("closed"));
    this.nap.abort();
  }

  private async run(): Promise<void> {
    while (this.members.size > 0) {
      this.nap = new AbortController();
      const waitMs = Math.min(this.dueAt, this.retryAt) - this.clock.monotonic();
      // Then looks again: hurried, or nobody is left.
      if (waitMs > 0) await sleep(this.clock, waitMs, this.nap.signal);
      else await this.beat();
    }
    this.isRunning = false;
    this.failures = 0;
    this.retryAt = Infinity;
  }

  private async beat(): Promise<void> {
    const isForAll = this.clock.monotonic() >= this.dueAt;
    const due = [...this.members].filter(({ state }) =>
      isForAll ? isRenewed(state) : state.kind === "lost",
    );
    // Before the answer: what hurries meanwhile counts.
    if (isForAll) this.planAll();
    const asked = due.map(({ state }) => state);
    const node = this.options.nodes.current;
    const instances = due.map(({ instance }) => instance);
    const renewed = await this.renewer.renew(node, instances, this.closed.signal);
    if (this.closed.signal.aborted) return;
    due.forEach((member, i) =>
      member.renewed(asked[i] as HeartbeatState, (renewed[i] as Renewed).outcome, node),
    );
    this.judge(node, renewed, due);
  }

  private judge(node: string, renewed: readonly Renewed[], due: readonly Renewable[]): void {
    const { nodes } = this.options;
    const failure = renewed.find((one) => one.outcome === "failed");
    if (!failure) {
      this.failures = 0;
      this.retryAt = Infinity;
      if (renewed.length > 0) nodes.succeeded();
      return;
    }
    // The first failure of an outage is news, those that follow are not.
    const level = nodes.failure ? "debug" : "warn";
    this.logger[level]({ instances: due.length, node, cause: failure.error }, "heartbeat failed");
    nodes.failedAt(node, failure.error);
    this.retryAt = this.clock.monotonic() + retryMs(++this.failures, this.random);
  }

  private planAll(): void {
    this.isHurried = false;
    this.dueAt = this.clock.monotonic() + renewMs(this.intervalMs, this.random);
  }
}
