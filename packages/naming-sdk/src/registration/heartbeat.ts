import { CodedError, codes } from "@discoveryd/protocol";
import {
  backoffMs,
  defaultBackoff,
  silentLogger,
  sleep,
  systemClock,
  systemRandom,
} from "@discoveryd/runtime";
import type { Clock, Logger, Random } from "@discoveryd/runtime";
import type { RegistryApi } from "../http/registry-api";
import type { Instance, InstanceChange } from "../naming";
import type { NodeList } from "../nodes/node-list";
import type { Gate } from "./gate";
import { isRenewed, next, retryMs, type HeartbeatState, type Outcome } from "./heartbeat-state";
import type { Renewable, Renewals } from "./renewals";

export interface HeartbeatOptions {
  readonly api: Pick<RegistryApi, "register" | "cancel" | "set">;
  readonly nodes: NodeList;
  /** Renews it once it is registered. */
  readonly renewals: Pick<Renewals, "add" | "remove">;
  /** Shared by all of a client: a registry that has lost a thousand instances is not asked a thousand things at once. */
  readonly gate: Gate;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A cancel that no node answers ends after this, in milliseconds: the lease does the rest. */
const CANCEL_MS = 3_000;
/** How much of that a request under way may take: cut short, it could arrive after the cancel. In milliseconds. */
const SETTLE_MS = 1_000;

/** Registers one instance, and again whenever the registry has lost it, until it is cancelled. */
export class Heartbeat implements Renewable {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly logger: Logger;
  private current: HeartbeatState = { kind: "registering", attempt: 0 };
  private wasUp = false;
  /** Wakes whoever waits, for good. */
  private readonly stopped = new AbortController();
  /** Cuts off a request under way. */
  private readonly cut = new AbortController();
  private registering: Promise<unknown> | undefined;
  private updating: Promise<void> = Promise.resolve();
  private cancelling: Promise<void> | undefined;

  constructor(
    private described: Instance,
    private readonly options: HeartbeatOptions,
  ) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.logger = options.logger ?? silentLogger;
  }

  /** The instance as it was last registered or updated. */
  get instance(): Instance {
    return this.described;
  }

  get state(): HeartbeatState {
    return this.current;
  }

  /**
   * Registers, and has it renewed from then on. Resolves once the registry has taken the instance. Rejects when it
   * refuses it, or when the heartbeat is cancelled before.
   */
  async start(): Promise<void> {
    const registered = this.register();
    this.registering = registered.catch(() => undefined); // The caller has the failure.
    if (await registered) return;
    throw new Error(`register ${nameOf(this.described)}: cancelled before the registry has taken it`);
  }

  renewed(asked: HeartbeatState, outcome: Outcome, node: string): void {
    // Cancelled, or taken by the registry with an update, since it was sent.
    if (this.current !== asked) return;
    this.current = next(asked, outcome);
    if (outcome !== "missing") return;
    this.logger.info({ instance: nameOf(this.described), node }, "lost by registry");
    this.registering = this.register();
  }

  /** Changes the instance. Resolves when the registry has taken it; one after another. Rejects when it refuses. */
  update(change: InstanceChange): Promise<void> {
    const updated = this.updating.then(() => this.apply(change));
    this.updating = updated.catch(() => undefined); // The caller has the failure; the next update goes on.
    return updated;
  }

  /** Stops, and takes the instance out. Resolves within 3 s, and never rejects. */
  cancel(): Promise<void> {
    this.cancelling ??= this.takeOut();
    return this.cancelling;
  }

  /** Whether the registry has taken it; else it was cancelled before. Rejects when the first is refused. */
  private async register(): Promise<boolean> {
    while (this.current.kind === "registering") {
      const waitMs = retryMs(this.current.attempt, this.random);
      if (waitMs > 0) await sleep(this.clock, waitMs, this.stopped.signal);
      const { gate, nodes } = this.options;
      if (!(await gate.enter(this.stopped.signal))) return false;
      const node = nodes.current;
      try {
        await this.send(node);
        return true;
      } catch (error) {
        if (!this.wasUp && isRefusal(error)) {
          this.current = { kind: "closed" };
          throw error;
        }
        this.fail(node, error);
        this.current = next(this.current, "failed");
      } finally {
        gate.leave();
      }
    }
    return false;
  }

  private async send(node: string): Promise<void> {
    await this.options.api.register(node, this.described, this.cut.signal);
    this.options.nodes.succeeded();
    this.up();
  }

  /** The registry has it, whatever was said before. */
  private up(): void {
    this.current = next(this.current, "ok");
    this.wasUp = true;
    if (this.current.kind === "up") this.options.renewals.add(this);
  }

  private async apply({ status, metadata }: InstanceChange): Promise<void> {
    const before = this.described;
    const added = metadata && metadataFrom(metadata);
    // At once, so that a register in between has it too.
    this.described = {
      ...before,
      status: status ?? before.status,
      metadata: new Map([...before.metadata, ...(added ?? [])]),
    };
    const change = { ...(status && { status }), ...(added && { metadata: added }) };
    for (let attempt = 0; !this.stopped.signal.aborted; attempt++) {
      const node = this.options.nodes.current;
      try {
        const outcome = await this.options.api.set(node, this.described, change, this.cut.signal);
        if (outcome === "missing") await this.send(node);
        else if (isRenewed(this.current)) this.up();
        return;
      } catch (error) {
        if (isRefusal(error)) {
          this.described = before;
          throw error;
        }
        this.fail(node, error);
      }
      await sleep(this.clock, backoffMs(attempt, defaultBackoff, this.random), this.stopped.signal);
    }
    throw new Error(`update ${nameOf(this.described)}: cancelled before the registry has taken it`);
  }

  private fail(node: string, cause: unknown): void {
    if (this.cut.signal.aborted) return;
    const { nodes } = this.options;
    // The first failure of an outage is news, those that follow are not.
    const level = nodes.failure ? "debug" : "warn";
    this.logger[level]({ instance: nameOf(this.described), node, cause }, "heartbeat failed");
    nodes.failedAt(node, cause);
  }

  private async takeOut(): Promise<void> {
    const startedAt = this.clock.monotonic();
    this.stopped.abort();
    this.current = { kind: "closed" };
    this.options.renewals.remove(this);
    await this.settle();
    const deadline = new AbortController();
    const leftMs = CANCEL_MS - (this.clock.monotonic() - startedAt);
    const cancelTimer = this.clock.after(leftMs, () =>
      deadline.abort(new Error(`no answer within ${CANCEL_MS} ms`)),
    );
    for (let attempt = 0; !deadline.signal.aborted; attempt++) {
      if (await this.sendCancel(deadline.signal)) break;
      await sleep(this.clock, backoffMs(attempt, defaultBackoff, this.random), deadline.signal);
    }
    cancelTimer();
  }

  /** Waits for requests under way, and cuts them off when they take too long. */
  private async settle(): Promise<void> {
    const cancelTimer = this.clock.after(SETTLE_MS, () => this.cut.abort(new Error("cancelled")));
    await this.registering;
    await this.updating;
    cancelTimer();
  }

  private async sendCancel(signal: AbortSignal): Promise<boolean> {
    const { api, nodes } = this.options;
    const node = nodes.current;
    try {
      await api.cancel(node, this.described, signal);
      return true;
    } catch (cause) {
      this.logger.warn({ instance: nameOf(this.described), node, cause }, "cancel failed");
      nodes.failedAt(node, cause);
      return false;
    }
  }
}

/** Strings, also where the caller has no types: a weight of 10 is "10", what is undefined is left out. */
export function metadataFrom(metadata: NonNullable<InstanceChange["metadata"]>): ReadonlyMap<string, string> {
  const entries: [string, unknown][] = [
    ...(metadata instanceof Map ? metadata.entries() : Object.entries(metadata)),
  ];
  return new Map(
    entries.filter(([, value]) => value !== undefined).map(([key, value]) => [key, String(value)]),
  );
}

function nameOf({ appid, hostname, zone, env }: Instance): string {
  return `${appid}/${hostname} in ${zone}, ${env}`;
}

/** The registry says no, and will say no again. */
function isRefusal(error: unknown): boolean {
  const refusals: readonly number[] = [codes.badRequest, codes.unauthorized, codes.forbidden];
  return error instanceof CodedError && refusals.includes(error.code);
}
