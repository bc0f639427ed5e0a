import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Child } from "./child";

/** What a bare server does with requests; see bare.cjs. */
export interface BareTask {
  readonly answer?: string;
  readonly hold?: boolean;
  readonly stringify?: readonly object[];
}

/** node:http answering a constant, in a process of its own: the least that an answer can cost here. */
export class BareServer {
  private constructor(
    readonly port: number,
    private readonly child: Child,
  ) {}

  /** @param nodeFlags flags for its node. */
  static async start(task: BareTask, nodeFlags: readonly string[] = []): Promise<BareServer> {
    const process = fork(join(__dirname, "bare.cjs"), [], { execArgv: [...nodeFlags] });
    await once(process, "message");
    const child = new Child("the bare server", process);
    const { port } = await child.ask<{ port: number }>(task);
    return new BareServer(port, child);
  }

  get pid(): number {
    return this.child.pid;
  }

  /** How many requests it holds. */
  async waiting(): Promise<number> {
    return (await this.child.ask<{ waiting: number }>({})).waiting;
  }

  end(): Promise<void> {
    return this.child.end();
  }
}
