import type { Reply, Request } from "../wire";
import { GoClient, type Params } from "./go-client";
import { decodeCode, decodeNodes, decodePolls, type GoPolls } from "./go-json";
import { addresses, formOf } from "./stand-in";

const NOT_MODIFIED = -304;

/**
 * goim, with version 1.0.1 of bilibili's naming: finds the nodes through `nodes`, joins addresses with commas, sends its form
 * without a Content-Type. A status of 400 and above is an empty body to it, and so an error.
 */
export class Goim extends GoClient {
  private node: string | undefined;

  start(): Promise<void> {
    this.build(this.options.watched);
    return Promise.resolve();
  }

  protected addrs(): Params {
    return { addrs: addresses.join(","), color: "" };
  }

  protected async post(call: string, params: Params): Promise<number> {
    return decodeCode(await this.send({ method: "POST", path: `/discovery/${call}`, body: formOf(params) }));
  }

  protected async polls(params: Params, signal: AbortSignal): Promise<GoPolls> {
    this.node ??= await this.findNode();
    const path = `/discovery/polls?${formOf(params)}`;
    const answer = decodePolls(await this.send({ method: "GET", path, signal }));
    if (answer.code !== 0 && answer.code !== NOT_MODIFIED) throw new Error(`polls: code ${answer.code}`);
    return answer;
  }

  private async findNode(): Promise<string> {
    const [node] = decodeNodes(await this.send({ method: "GET", path: "/discovery/nodes" }));
    if (node === undefined) throw new Error("no nodes");
    return node;
  }

  private async send(request: Request): Promise<string> {
    const headers = { "user-agent": "Go-http-client/1.1", "accept-encoding": "gzip" };
    const { status, text }: Reply = await this.options.wire.send({ ...request, headers });
    return status >= 400 ? "" : text;
  }
}
