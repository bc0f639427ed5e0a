import { INFRA_APPID } from "@discoveryd/protocol";
import type { Reply, Request } from "../wire";
import { GoClient, GoPanic, repeated, type Params } from "./go-client";
import { decodeCode, decodePolls, type GoPolls } from "./go-json";
import { formOf } from "./stand-in";

const NOT_MODIFIED = -304;

/** How long its HTTP client waits, in milliseconds; it says so in every request. */
const TIMEOUT_MS = "40000";

/**
 * kratos v1, `naming/discovery` over blademaster: parameters of a POST in a form body, a header that says how long it
 * waits. Its constructor blocks until the registry's own nodes are there. A -304 is no error to it: it polls on at once.
 */
export class KratosV1 extends GoClient {
  async start(): Promise<void> {
    const found = this.news();
    this.build(INFRA_APPID);
    await found;
    this.build(this.options.watched);
  }

  protected addrs(): Params {
    return repeated();
  }

  protected async post(call: string, params: Params): Promise<number> {
    const headers = { ...HEADERS, "content-type": "application/x-www-form-urlencoded" };
    return decodeCode(
      await this.send({ method: "POST", path: `/discovery/${call}`, headers, body: formOf(params) }),
    );
  }

  protected async polls(params: Params, signal: AbortSignal): Promise<GoPolls> {
    const path = `/discovery/polls?${formOf(params)}`;
    const answer = decodePolls(await this.send({ method: "GET", path, headers: HEADERS, signal }));
    if (answer.code !== 0 && answer.code !== NOT_MODIFIED) throw new Error(`polls: code ${answer.code}`);
    this.checkNil(answer);
    return answer;
  }

  /** It reads the timestamp of each app without looking whether there is one. */
  protected checkNil({ apps }: GoPolls): void {
    if ([...apps.values()].includes(undefined)) throw new GoPanic("nil pointer dereference");
  }

  /** Blademaster takes a status of 400 and above for an error. */
  private async send(request: Request): Promise<string> {
    const { status, text }: Reply = await this.options.wire.send(request);
    if (status >= 400) throw new Error(`status ${status}`);
    return text;
  }
}

/** The successor of the client in kratos v1, in the registry's own repository since version 1.2: it survives a nil app. */
export class BilibiliNaming extends KratosV1 {
  protected override checkNil({ apps }: GoPolls): void {
    if ([...apps.values()].includes(undefined)) throw new Error("server error");
  }
}

const HEADERS = {
  "user-agent": "blademastergo1.19.8 host ",
  "x1-bmspy-timeout": TIMEOUT_MS,
  "x1-bmspy-user": "",
  "accept-encoding": "gzip",
};
