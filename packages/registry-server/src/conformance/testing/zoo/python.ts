import { INFRA_APPID } from "@discoveryd/protocol";
import { sleep } from "@discoveryd/runtime";
import { isObject, parseExact, type Json, type JsonObject } from "../exact-json";
import { HEARTBEAT_MS, addresses, formOf, weight, type StandIn, type StandInOptions } from "./stand-in";

/** Its tasks begin again so many milliseconds after they began; late ones at once. */
const POLL_EVERY_MS = 3_000;

/**
 * The Python client: lists joined by commas, a connection for each request, exact integers. A code other than 0 is an
 * exception, that of a poll that ran out, too. It keeps only the apps of the last answer, so watching two it asks for one
 * of them from the start each time, every 3 s.
 */
export class PythonClient implements StandIn {
  seen: readonly string[] = [];
  private apps: JsonObject = {};
  private readonly over = new AbortController();
  private heartbeat: AbortController | undefined;

  constructor(private readonly options: StandInOptions) {}

  start(): Promise<void> {
    void this.every(POLL_EVERY_MS, this.over.signal, () => this.poll());
    return Promise.resolve();
  }

  async register(): Promise<void> {
    await this.registerOnce();
    this.heartbeat = new AbortController();
    void this.every(HEARTBEAT_MS, this.heartbeat.signal, () => this.renew());
  }

  async cancel(): Promise<void> {
    this.heartbeat?.abort();
    await this.post("cancel", { appid: this.options.appid });
  }

  close(): void {
    this.over.abort();
    this.heartbeat?.abort();
  }

  private async registerOnce(): Promise<void> {
    const metadata = JSON.stringify({ weight });
    await this.post("register", {
      appid: this.options.appid,
      status: "1",
      addrs: addresses.join(","),
      metadata,
    });
  }

  private async renew(): Promise<void> {
    try {
      await this.post("renew", { appid: this.options.appid });
    } catch (error) {
      if ((error as DiscoveryError).code !== -404) throw error;
      await this.registerOnce();
    }
  }

  private async poll(): Promise<void> {
    const { watched } = this.options;
    const appids = [watched, INFRA_APPID];
    const timestamps = appids.map((appid) => String(timestampOf(this.apps[appid]) ?? 0));
    const params = { ...this.common(), appid: appids.join(","), latest_timestamp: timestamps.join(",") };
    const { data } = await this.send("GET", `polls?${formOf(params)}`);
    if (!isObject(data)) throw new TypeError("data is no dict");
    const changed = timestampOf(data[watched]) !== timestampOf(this.apps[watched]);
    this.apps = data;
    if (changed && watched in data) this.seen = addressesOf(data[watched] as JsonObject);
  }

  /** Runs a task for ever; one that throws is logged, and its next run comes as if it had not. */
  private async every(ms: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
    const { clock } = this.options;
    for (let due = clock.monotonic() + ms; !signal.aborted;) {
      await sleep(clock, due - clock.monotonic(), signal);
      if (signal.aborted) return;
      due = clock.monotonic() + ms;
      await task().catch(() => undefined);
    }
  }

  private common(): Record<string, string> {
    const { zone, env, hostname } = this.options;
    return { region: "sh", zone, env, hostname };
  }

  private async post(call: string, params: Readonly<Record<string, string>>): Promise<void> {
    await this.send("POST", call, formOf({ ...this.common(), ...params }));
  }

  private async send(method: "GET" | "POST", path: string, body?: string): Promise<JsonObject> {
    const type = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const headers = { "accept-encoding": "identity", "user-agent": "Python-urllib/3.11", ...type };
    const request = {
      method,
      path: `/discovery/${path}`,
      headers,
      close: true,
      ...(body !== undefined && { body }),
    };
    const { status, text } = await this.options.wire.send(request);
    if (status >= 400) throw new Error(`HTTP error ${status}`);
    const answer = parseExact(text);
    if (!isObject(answer) || !("code" in answer) || !("message" in answer)) throw new Error("KeyError");
    if (answer["code"] !== 0) throw new DiscoveryError(answer["code"] as number, answer["message"] as Json);
    return answer;
  }
}

function timestampOf(app: Json | undefined): Json | undefined {
  return isObject(app) ? app["latest_timestamp"] : undefined;
}

function addressesOf({ instances }: JsonObject): string[] {
  const zones = Object.values(instances as JsonObject) as JsonObject[][];
  return zones.flatMap((zone) => zone.flatMap(({ addrs }) => addrs as string[])).sort();
}

class DiscoveryError extends Error {
  constructor(
    readonly code: number,
    message: Json,
  ) {
    super(`discovery error code: ${code}, message: ${String(message)}`);
  }
}
