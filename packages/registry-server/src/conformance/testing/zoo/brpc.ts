import { sleep } from "@discoveryd/runtime";
import { isObject, parseExact, type Json, type JsonObject } from "../exact-json";
import { HEARTBEAT_MS, addresses, version, weight, type StandIn, type StandInOptions } from "./stand-in";

/** How often a naming service of brpc asks, in milliseconds. */
const LOOK_MS = 5_000;

/** After so many failed renewals it registers again. */
const REREGISTER_AFTER = 3;

/**
 * brpc's `discovery` naming service and its `DiscoveryClient`: bodies that are not percent-encoded, `fetchs` every 5 s
 * with `instances` as one flat list, addresses with an IP literal only. A renewal that fails is made again at once.
 */
export class Brpc implements StandIn {
  seen: readonly string[] = [];
  private node: string | undefined;
  private readonly over = new AbortController();
  private heartbeat: AbortController | undefined;

  constructor(private readonly options: StandInOptions) {}

  async start(): Promise<void> {
    this.node = parseNode(await this.send("GET", "nodes"));
    if (this.node === undefined) throw new Error("no node with status 0");
    void this.look();
  }

  async register(): Promise<void> {
    if (!(await this.registerOnce())) throw new Error("register failed");
    this.heartbeat = new AbortController();
    void this.renewForEver(this.heartbeat.signal);
  }

  async cancel(): Promise<void> {
    this.heartbeat?.abort();
    await this.post("cancel", this.own());
  }

  close(): void {
    this.over.abort();
    this.heartbeat?.abort();
  }

  private async look(): Promise<void> {
    while (!this.over.signal.aborted) {
      const { watched, env } = this.options;
      const found = parseServers(
        await this.send("GET", `fetchs?appid=${watched}&env=${env}&status=1`),
        watched,
      );
      // An answer it cannot use leaves the list as it is.
      if (found) this.seen = found.sort();
      await sleep(this.options.clock, LOOK_MS, this.over.signal);
    }
  }

  private registerOnce(): Promise<boolean> {
    const { appid, hostname, env, zone } = this.options;
    const metadata = `{"weight": "${weight}"}`;
    return this.post(
      "register",
      `appid=${appid}&hostname=${hostname}&addrs=${addresses.join(",")}&env=${env}&zone=${zone}&region=sh&status=1` +
        `&version=${version}&metadata=${metadata}`,
    );
  }

  private own(): string {
    const { appid, hostname, env, zone } = this.options;
    return `appid=${appid}&hostname=${hostname}&env=${env}&region=sh&zone=${zone}`;
  }

  private async renewForEver(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.options;
    await sleep(clock, HEARTBEAT_MS / 2 + random() * (HEARTBEAT_MS / 2), signal);
    for (let failures = 0; !signal.aborted;) {
      if (failures === REREGISTER_AFTER) {
        while (!signal.aborted && !(await this.registerOnce())) await sleep(clock, HEARTBEAT_MS, signal);
        failures = 0;
      }
      if (await this.post("renew", this.own())) {
        failures = 0;
        await sleep(clock, HEARTBEAT_MS, signal);
      } else failures++;
    }
  }

  private async post(call: string, body: string): Promise<boolean> {
    const answer = jsonOf(await this.send("POST", call, body));
    return isObject(answer) && answer["code"] === 0;
  }

  private async send(method: "GET" | "POST", path: string, body?: string): Promise<string> {
    const type = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const headers = { accept: "*/*", "user-agent": "brpc/1.0 curl/7.0", ...type };
    const request = { method, path: `/discovery/${path}`, headers, ...(body !== undefined && { body }) };
    const { status, text } = await this.options.wire.send(request);
    return status >= 200 && status < 300 ? text : "";
  }
}

function parseNode(text: string): string | undefined {
  const data = (jsonOf(text) as JsonObject | undefined)?.["data"];
  const node = (Array.isArray(data) ? (data as JsonObject[]) : []).find(({ status }) => status === 0);
  return node?.["addr"] as string | undefined;
}

/** Undefined when the answer cannot be used. */
function parseServers(text: string, appid: string): string[] | undefined {
  const data = (jsonOf(text) as JsonObject | undefined)?.["data"];
  const app = isObject(data) ? data[appid] : undefined;
  const instances = isObject(app) ? app["instances"] : undefined;
  if (!Array.isArray(instances)) return undefined;
  return (instances as JsonObject[]).flatMap(({ addrs }) => (addrs as string[]).flatMap(endpointOf));
}

/** `grpc://IP:port` or `IP:port`; others are not for brpc, a host name is an error. */
function endpointOf(addr: string): string[] {
  const match = /^(?:grpc:\/\/)?(\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})$/.exec(addr);
  return match ? [match[1] as string] : [];
}

function jsonOf(text: string): Json | undefined {
  try {
    return parseExact(text);
  } catch {
    return undefined; // brpc logs it and goes on
  }
}
