import type { ChildProcess } from "node:child_process";

/** An end in order takes at most so long. */
const PATIENCE_MS = 10_000;

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A child process that answers each message by its id, with `error` when it cannot. */
export class Child {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;

  constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.on("message", (message: { id: number; error?: string }) => {
      const { resolve, reject } = this.waiting.get(message.id) ?? {};
      this.waiting.delete(message.id);
      if (message.error === undefined) resolve?.(message as never);
      else reject?.(new Error(`${name}: ${message.error}`));
    });
    child.on("exit", (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${name} ended with code ${code}`));
      this.waiting.clear();
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with the whole answer. Rejects when it is an error, or when the process ends before it. */
  ask<T>(message: object): Promise<T> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.child.send({ id, ...message });
    });
  }

  /** Ends the process, in order first: that is when a profile is written. Safe to call twice. */
  async end(): Promise<void> {
    if (!this.running) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    const cut = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(cut);
  }
}

/** In the child: answers each message with what `work` resolves with, as `result`. Ends when the parent does. */
export function answerParent(work: (message: never) => unknown): void {
  process.on("message", (message: { id: number }) => {
    const { id } = message;
    Promise.resolve()
      .then(() => work(message as never))
      .then(
        (result) => process.send?.({ id, result }),
        (error: unknown) => process.send?.({ id, error: String(error) }),
      );
  });
  process.on("disconnect", () => process.exit(0));
}
