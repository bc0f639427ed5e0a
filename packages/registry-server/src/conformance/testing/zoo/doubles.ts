import { sleep } from "@discoveryd/runtime";
import { HEARTBEAT_MS, addresses, version, weight, type StandIn, type StandInOptions } from "./stand-in";

/** An answer as `JSON.parse` gives it: every number is a double. */
interface Answer {
  readonly code: number;
  readonly data?: Readonly<Record<string, App>>;
}

interface App {
  readonly instances: Readonly<Record<string, readonly { readonly addrs: readonly string[] }[]>>;
  readonly latest_timestamp: number;
}

const RETRY_MS = 1_000;

/**
 * A client that parses with doubles, as one in JavaScript or Lua does: it polls with the timestamp as its language prints
 * it. It sends JSON.
 */
export class DoublesClient implements StandIn {
  seen: readonly string[] = [];
  private timestamp = 0;
  private readonly over = new AbortController();
  private heartbeat: AbortController | undefined;

  constructor(private readonly options: StandInOptions) {}

  start(): Promise<void> {
    void this.loop();
    return Promise.resolve();
  }

  async register(): Promise<void> {
    const code = await this.registerOnce();
    if (code !== 0) throw new Error(`register: code ${code}`);
    this.heartbeat = new AbortController();
    void this.beat(this.heartbeat.signal);
  }

  async cancel(): Promise<void> {
    this.heartbeat?.abort();
    await this.post("cancel", {});
  }

  close(): void {
    this.over.abort();
    this.heartbeat?.abort();
  }

  private registerOnce(): Promise<number> {
    return this.post("register", {
      addrs: addresses,
      version,
      status: 1,
      metadata: { weight: Number(weight) },
    });
  }

  private async beat(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.options.clock, HEARTBEAT_MS, signal);
      if (signal.aborted) return;
      if ((await this.post("renew", {})) === -404) await this.registerOnce();
    }
  }

  private async loop(): Promise<void> {
    const { env, watched, clock } = this.options;
    while (!this.over.signal.aborted) {
      const since = String(this.timestamp);
      const answer = await this.get(`polls?env=${env}&appid=${watched}&latest_timestamp=${since}`);
      if (answer?.code === 0) this.take((answer.data ?? {})[watched]);
      else if (answer?.code !== -304) await sleep(clock, RETRY_MS, this.over.signal);
    }
  }

  private take(app: App | undefined): void {
    if (!app) return;
    this.timestamp = app.latest_timestamp;
    this.seen = Object.values(app.instances)
      .flatMap((instances) => instances.flatMap(({ addrs }) => addrs))
      .sort();
  }

  /** Undefined when it was closed meanwhile. */
  private async get(path: string): Promise<Answer | undefined> {
    const { signal } = this.over;
    const request = { method: "GET", path: `/discovery/${path}`, signal } as const;
    try {
      return JSON.parse((await this.options.wire.send(request)).text) as Answer;
    } catch (error) {
      if (!signal.aborted) throw error;
      return undefined;
    }
  }

  private async post(call: string, params: object): Promise<number> {
    const { env, zone, appid, hostname } = this.options;
    const body = JSON.stringify({ env, zone, appid, hostname, region: "sh", ...params });
    const headers = { "content-type": "application/json" };
    const { text } = await this.options.wire.send({
      method: "POST",
      path: `/discovery/${call}`,
      headers,
      body,
    });
    return (JSON.parse(text) as Answer).code;
  }
}
