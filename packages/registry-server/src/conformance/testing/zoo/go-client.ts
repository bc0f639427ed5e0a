import { sleep } from "@discoveryd/runtime";
import type { GoApp, GoPolls } from "./go-json";
import { HEARTBEAT_MS, addresses, version, weight, type StandIn, type StandInOptions } from "./stand-in";

/** A call's parameters, in no order: Go's maps have none, and its forms are sorted. */
export type Params = Record<string, string | readonly string[]>;

/** After an error a Go client polls again so many milliseconds later. */
const RETRY_MS = 1_000;

const NOT_FOUND = -404;

/**
 * What the Go clients have in common: one loop polls all apps, an app without instances is thrown away together with its
 * timestamp, a new app ends the poll under way, a heartbeat that is unknown registers again. Subclasses say how a call
 * looks on the wire.
 */
export abstract class GoClient implements StandIn {
  /** What it knows of each app it asks for; undefined before the first instance. */
  protected readonly apps = new Map<string, GoApp | undefined>();
  private readonly over = new AbortController();
  private pollUnderWay: AbortController | undefined;
  private heartbeat: AbortController | undefined;
  private firstNews: (() => void) | undefined;

  constructor(protected readonly options: StandInOptions) {}

  abstract start(): Promise<void>;

  /** Sends a call with its parameters. Resolves with the code, or rejects where the client sees an error. */
  protected abstract post(call: string, params: Params): Promise<number>;

  /** Polls. Rejects where the client sees an error. */
  protected abstract polls(params: Params, signal: AbortSignal): Promise<GoPolls>;

  /** The addresses as a register sends them. */
  protected abstract addrs(): Params;

  get seen(): readonly string[] {
    const zones = this.apps.get(this.options.watched)?.zones ?? new Map<string, string[][]>();
    return [...zones.values()].flat(2).sort();
  }

  async register(): Promise<void> {
    const code = await this.registerOnce();
    if (code !== 0) throw new Error(`register: code ${code}`);
    this.heartbeat = new AbortController();
    void this.beat(this.heartbeat.signal);
  }

  async cancel(): Promise<void> {
    this.heartbeat?.abort();
    await this.post("cancel", this.own());
  }

  close(): void {
    this.over.abort();
    this.heartbeat?.abort();
    this.pollUnderWay?.abort();
  }

  /** Asks for one more app from now on. */
  protected build(appid: string): void {
    const first = this.apps.size === 0;
    this.apps.set(appid, undefined);
    this.pollUnderWay?.abort();
    if (first) void this.loop();
  }

  /** Resolves when the first instances of any app have come. */
  protected news(): Promise<void> {
    return new Promise((resolve) => (this.firstNews = resolve));
  }

  private registerOnce(): Promise<number> {
    const metadata = JSON.stringify({ weight });
    return this.post("register", { ...this.own(), ...this.addrs(), version, status: "1", metadata });
  }

  private own(): Params {
    const { zone, env, hostname, appid } = this.options;
    return { region: "sh", zone, env, hostname, appid };
  }

  private async beat(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.options.clock, HEARTBEAT_MS, signal);
      if (signal.aborted) return;
      if ((await this.post("renew", this.own())) === NOT_FOUND) await this.registerOnce();
    }
  }

  private async loop(): Promise<void> {
    while (!this.over.signal.aborted) {
      this.pollUnderWay = new AbortController();
      try {
        this.take(await this.polls(this.interest(), this.pollUnderWay.signal));
      } catch (error) {
        // A poll that was given up for a new app is made again at once.
        if (!this.pollUnderWay.signal.aborted) await this.pause(error);
      }
    }
  }

  /** Go's clients log an error and try again; a panic ends them. */
  private async pause(error: unknown): Promise<void> {
    if (error instanceof GoPanic) throw error;
    await sleep(this.options.clock, RETRY_MS, this.over.signal);
  }

  private interest(): Params {
    const { env, hostname } = this.options;
    const timestamps = [...this.apps.values()].map((app) => String(app?.lastTs ?? 0n));
    return { env, hostname, appid: [...this.apps.keys()], latest_timestamp: timestamps };
  }

  private take({ apps }: GoPolls): void {
    for (const [appid, app] of apps) {
      if (app?.lastTs === 0n) throw new Error(`${appid}: latest_timestamp is 0`);
      if (![...(app?.zones.values() ?? [])].some((instances) => instances.length > 0)) continue;
      if (this.apps.has(appid)) this.apps.set(appid, app);
      this.firstNews?.();
    }
  }
}

/** The client's process would be dead. */
export class GoPanic extends Error {}

/** Addresses as the name repeated. */
export function repeated(): Params {
  return { addrs: addresses };
}
