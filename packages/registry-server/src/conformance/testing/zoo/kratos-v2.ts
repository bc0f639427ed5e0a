import { INFRA_APPID } from "@discoveryd/protocol";
import type { Reply } from "../wire";
import { GoClient, repeated, type Params } from "./go-client";
import { decodeCode, decodePolls, type GoPolls } from "./go-json";
import { formOf } from "./stand-in";

/**
 * kratos v2 and v3, `contrib/registry/discovery` over resty: the parameters of a POST in the query, its body empty. It reads
 * a body only when that is 2xx JSON; anything else is a success without data to it. A -304 is an error: 1 s pause.
 */
export class KratosV2 extends GoClient {
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
    const path = `/discovery/${call}?${formOf(params)}`;
    const reply = await this.options.wire.send({ method: "POST", path, headers: HEADERS });
    return isRead(reply) ? decodeCode(reply.text) : 0;
  }

  protected async polls(params: Params, signal: AbortSignal): Promise<GoPolls> {
    const path = `/discovery/polls?${formOf(params)}`;
    const reply = await this.options.wire.send({ method: "GET", path, headers: HEADERS, signal });
    if (!isRead(reply)) return { code: 0, apps: new Map() };
    const answer = decodePolls(reply.text);
    if (answer.code !== 0) throw new Error(`polls: code ${answer.code}`);
    return answer;
  }
}

const HEADERS = {
  "user-agent": "go-resty/2.6.0 (https://github.com/go-resty/resty)",
  "accept-encoding": "gzip",
};

function isRead({ status, headers }: Reply): boolean {
  return status >= 200 && status < 300 && /\bjson\b/.test(String(headers["content-type"]));
}
