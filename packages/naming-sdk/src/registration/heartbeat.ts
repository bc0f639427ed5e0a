import { CodedError, RENEW_INTERVAL_MS, codes } from "@discoveryd/protocol";
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
import { hurry, next, waitMs, type HeartbeatState, type Outcome } from "./heartbeat-state";

export interface HeartbeatOptions {
  readonly api: Pick<RegistryApi, "register" | "renew" | "cancel" | "set">;
  readonly nodes: NodeList;
  /** How often to renew, in milliseconds; up to a tenth sooner. Default 30,000. */
  readonly renewIntervalMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A cancel that no node answers ends after this, in milliseconds: the lease does the rest. */
const CANCEL_MS = 3_000;
/** How much of that a request under way may take: cut short, it could arrive after the cancel. In milliseconds. */
const SETTLE_MS = 1_000;

/** Registers one instance and keeps it registered until it is cancelled. */
export class Heartbeat {
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly renewIntervalMs: number;
  private readonly logger: Logger;
  private state: HeartbeatState = { kind: "registering", attempt: 0 };
  private nap = new AbortController();
  /** Wakes whoever waits, for good. */
  private readonly stopped = new AbortController();
  /** Cuts off a request under way. */
  private readonly cut = new AbortController();
  private running: Promise<void> | undefined;
  private updating: Promise<void> = Promise.resolve();
  private cancelling: Promise<void> | undefined;

  constructor(
    private current: Instance,
    private readonly options: HeartbeatOptions,
  ) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.logger = options.logger ?? silentLogger;
    this.renewIntervalMs = options.renewIntervalMs ?? RENEW_INTERVAL_MS;
  }

  /** The instance as it was last registered or updated. */
  get instance(): Instance {
    return this.current;
  }

  /**
   * Registers, and renews from then on. Resolves once the registry has taken the instance. Rejects when it refuses it,
   * or when the heartbeat is cancelled before.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.running = this.run(resolve, reject);
    });
  }

  /** Renews within 2 s instead of 30 s: a registry node that was out of reach is back, and may have lost us. */
  hurry(): void {
    const state = hurry(this.state);
    if (state === this.state) return;
    this.state = state;
    this.nap.abort();
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

  private async run(onUp: () => void, onEnd: (error: unknown) => void): Promise<void> {
    let isNew = true;
    while (this.state.kind !== "closed") {
      const { state } = this;
      this.nap = new AbortController();
      const ms = waitMs(state, this.renewIntervalMs, this.random);
      if (ms > 0) await sleep(this.clock, ms, this.nap.signal);
      if (this.stopped.signal.aborted) break;
      if (this.state !== state) continue; // Hurried: the wait is another one.
      const node = this.options.nodes.current;
      const { outcome, error } = await this.beat(state, node);
      if (isNew && isRefusal(error)) {
        this.state = { kind: "closed" };
        return onEnd(error);
      }
      if (outcome === "failed") this.fail(node, error);
      this.state = next(this.state, outcome);
      if (outcome === "ok" && isNew) {
        isNew = false;
        onUp();
      }
    }
    onEnd(new Error(`register ${nameOf(this.current)}: cancelled before the registry has taken it`));
  }

  private async beat({ kind }: HeartbeatState, node: string): Promise<{ outcome: Outcome; error?: unknown }> {
    const { api, nodes } = this.options;
    try {
      const outcome =
        kind === "registering"
          ? await this.register(node)
          : await api.renew(node, this.current, this.cut.signal);
      nodes.succeeded();
      if (outcome === "missing")
        this.logger.info({ instance: nameOf(this.current), node }, "lost by registry");
      return { outcome };
    } catch (error) {
      return { outcome: "failed", error };
    }
  }

  private async register(node: string): Promise<"ok"> {
    await this.options.api.register(node, this.current, this.cut.signal);
    return "ok";
  }

  private async apply({ status, metadata }: InstanceChange): Promise<void> {
    const before = this.current;
    const added = metadata && metadataFrom(metadata);
    // At once, so that a register in between has it too.
    this.current = {
      ...before,
      status: status ?? before.status,
      metadata: new Map([...before.metadata, ...(added ?? [])]),
    };
    const change = { ...(status && { status }), ...(added && { metadata: added }) };
    for (let attempt = 0; !this.stopped.signal.aborted; attempt++) {
      const node = this.options.nodes.current;
      try {
        const outcome = await this.options.api.set(node, this.current, change, this.cut.signal);
        if (outcome === "missing") await this.register(node);
        return;
      } catch (error) {
        if (isRefusal(error)) {
          this.current = before;
          throw error;
        }
        this.fail(node, error);
      }
      await sleep(this.clock, backoffMs(attempt, defaultBackoff, this.random), this.stopped.signal);
    }
    throw new Error(`update ${nameOf(this.current)}: cancelled before the registry has taken it`);
  }

  private fail(node: string, cause: unknown): void {
    if (this.cut.signal.aborted) return;
    const { nodes } = this.options;
    // The first failure of an outage is news, those that follow are not.
    const level = nodes.failure ? "debug" : "warn";
    this.logger[level]({ instance: nameOf(this.current), node, cause }, "heartbeat failed");
    nodes.failedAt(node, cause);
  }

  private async takeOut(): Promise<void> {
    const startedAt = this.clock.monotonic();
    this.stopped.abort();
    this.nap.abort();
    this.state = { kind: "closed" };
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
    await this.running;
    await this.updating;
    cancelTimer();
  }

  private async sendCancel(signal: AbortSignal): Promise<boolean> {
    const { api, nodes } = this.options;
    const node = nodes.current;
    try {
      await api.cancel(node, this.current, signal);
      return true;
    } catch (cause) {
      this.logger.warn({ instance: nameOf(this.current), node, cause }, "cancel failed");
      nodes.failedAt(node, cause);
      return false;
    }
  }
}

/** Strings from strings, whatever the caller has. */
export function metadataFrom(metadata: NonNullable<InstanceChange["metadata"]>): ReadonlyMap<string, string> {
  return new Map(metadata instanceof Map ? metadata : Object.entries(metadata));
}

function nameOf({ appid, hostname, zone, env }: Instance): string {
  return `${appid}/${hostname} in ${zone}, ${env}`;
}

/** The registry says no, and will say no again. */
function isRefusal(error: unknown): boolean {
  const refusals: readonly number[] = [codes.badRequest, codes.unauthorized, codes.forbidden];
  return error instanceof CodedError && refusals.includes(error.code);
}
