import { fork } from "node:child_process";
import { join } from "node:path";
import { Child } from "./child";
import type { Tasks } from "./poll-process";

/** A process that polls: one holds at most some 19,000 connections, so each server has one of its own. */
export class PollLoad {
  private readonly child = new Child("the polling clients", fork(join(__dirname, "poll-process.ts")));

  async do<T extends keyof Tasks>(
    task: T,
    args: Parameters<Tasks[T]>[0],
  ): Promise<Awaited<ReturnType<Tasks[T]>>> {
    const { result } = await this.child.ask<{ result: Awaited<ReturnType<Tasks[T]>> }>({ task, args });
    return result;
  }

  end(): Promise<void> {
    return this.child.end();
  }
}
