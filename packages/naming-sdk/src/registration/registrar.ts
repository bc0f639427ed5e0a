import { timestampFromMs } from "@discoveryd/protocol";
import { systemClock } from "@discoveryd/runtime";
import type { Instance, InstanceInput, Registration } from "../naming";
import { Gate } from "./gate";
import { Heartbeat, metadataFrom, type HeartbeatOptions } from "./heartbeat";
import { Renewals, type RenewalsOptions } from "./renewals";

export interface RegistrarOptions extends Omit<HeartbeatOptions, "renewals" | "gate"> {
  readonly api: HeartbeatOptions["api"] & RenewalsOptions["api"];
  /** How often to renew, in milliseconds; up to a tenth sooner. Default 30,000. */
  readonly renewIntervalMs?: number;

  /** What an instance is given that it does not say itself. */
  readonly defaults: Pick<Instance, "region" | "zone" | "env" | "hostname">;
}

/** So many instances are registered at a time. */
const REGISTERS = 16;

/** The instances that this process has registered. */
export class Registrar {
  private readonly heartbeats = new Map<string, Heartbeat>();
  private readonly renewals: Renewals;
  private readonly gate = new Gate(REGISTERS);
  private isClosed = false;

  constructor(private readonly options: RegistrarOptions) {
    const { renewIntervalMs: intervalMs } = options;
    this.renewals = new Renewals({ ...options, ...(intervalMs !== undefined && { intervalMs }) });
  }

  /** See `Registry.register`. */
  async register(
    input: InstanceInput,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Registration> {
    if (this.isClosed) throw new Error(`register ${input.appid}: the client is closed`);
    signal?.throwIfAborted();
    const instance = this.complete(input);
    const key = JSON.stringify([instance.appid, instance.env, instance.zone, instance.hostname]);
    if (this.heartbeats.has(key)) throw alreadyRegistered(instance);
    const heartbeat = new Heartbeat(instance, { ...this.options, renewals: this.renewals, gate: this.gate });
    this.heartbeats.set(key, heartbeat);
    try {
      await startUnlessAborted(heartbeat, signal);
    } catch (error) {
      // Refused: there is nothing to take out. Aborted: the registry may have it by now.
      const over = signal?.aborted ? heartbeat.cancel() : Promise.resolve();
      void over.then(() => this.heartbeats.delete(key));
      throw error;
    }
    return registrationOf(heartbeat, () => this.heartbeats.delete(key));
  }

  /** Renews all within 2 s: a registry node that was out of reach is back, and may have lost them. */
  hurry(putOffMs = 0): void {
    this.renewals.hurry(putOffMs);
  }

  /** Cancels all. Resolves within 3 s. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.renewals.close();
    await Promise.all([...this.heartbeats.values()].map((heartbeat) => heartbeat.cancel()));
  }

  private complete({ appid, addrs, metadata, ...input }: InstanceInput): Instance {
    if (appid === "") throw new Error("register: appid is empty");
    checkAddrs(appid, addrs);
    const { defaults, clock = systemClock } = this.options;
    return {
      appid,
      addrs: [...addrs],
      hostname: input.hostname ?? defaults.hostname,
      region: input.region ?? defaults.region,
      zone: input.zone ?? defaults.zone,
      env: input.env ?? defaults.env,
      version: input.version ?? "",
      metadata: metadata ? metadataFrom(metadata) : new Map(),
      status: input.status ?? 1,
      lastTs: timestampFromMs(clock.now()),
    };
  }
}

/** Nobody would find an instance without an address that its scheme tells apart: better not registered at all. */
function checkAddrs(appid: string, addrs: unknown): void {
  if (!Array.isArray(addrs) || addrs.length === 0)
    throw new Error(`register ${appid}: addrs is empty: give at least one scheme://host:port`);
  const wrong: unknown = addrs.find((addr) => !/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(String(addr)));
  if (wrong !== undefined)
    throw new Error(`register ${appid}: the address ${JSON.stringify(wrong)} is not scheme://host:port`);
}

function startUnlessAborted(heartbeat: Heartbeat, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason as Error);
    signal?.addEventListener("abort", abort, { once: true });
    const done = () => signal?.removeEventListener("abort", abort);
    heartbeat.start().finally(done).then(resolve, reject);
  });
}

function registrationOf(heartbeat: Heartbeat, onCancelled: () => void): Registration {
  const cancel = () => heartbeat.cancel().then(onCancelled);
  return {
    get instance() {
      return heartbeat.instance;
    },
    update: (change) => heartbeat.update(change),
    cancel,
    [Symbol.asyncDispose]: cancel,
  };
}

function alreadyRegistered({ appid, hostname, zone, env }: Instance): Error {
  return new Error(
    `register ${appid}: already registered by this client as hostname ${hostname} in zone ${zone}, env ${env}; ` +
      "cancel that registration first, or give this one another hostname",
  );
}
