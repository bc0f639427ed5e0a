import { fork } from "node:child_process";
import { join } from "node:path";
import { Child } from "./child";

/**
 * A plain script of this folder in a process of its own: without the loader that runs the bench itself, so that what
 * is measured is what is shipped.
 */
export class ScriptProcess {
  private readonly child: Child;

  /** @param name of the file, for example `grpc-caller.cjs`. */
  constructor(name: string, args: readonly string[] = []) {
    this.child = new Child(name, fork(join(__dirname, name), args, { execArgv: nodeFlags() }));
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Resolves with what the script answers. Rejects when it cannot, or ends. */
  async do<T>(task: object = {}): Promise<T> {
    return (await this.child.ask<{ result: T }>(task)).result;
  }

  end(): Promise<void> {
    return this.child.end();
  }
}

/** For the node of each measured process, to look into a figure: `BENCH_NODE_FLAGS="--cpu-prof"`. */
export function nodeFlags(): string[] {
  return (process.env["BENCH_NODE_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");
}
