/** Something with an end. `close` is safe to call twice. */
export interface Closable {
  close(): void | Promise<void>;
}

/**
 * Owns what a part opens, and closes it in reverse order. What is added after `close` is closed at once,
 * so a start that races with a shutdown leaks nothing.
 */
export class Lifecycle implements Closable {
  private closers: (() => void | Promise<void>)[] = [];
  private closing: Promise<void> | undefined;

  get closed(): boolean {
    return this.closing !== undefined;
  }

  /** Hands over something to close, and gives it back. */
  own<T extends Closable>(part: T): T {
    this.onClose(() => part.close());
    return part;
  }

  /** Calls `fn` at `close`; at once, when that was before. */
  onClose(fn: () => void | Promise<void>): void {
    if (!this.closing) {
      this.closers.push(fn);
      return;
    }
    this.closing = allOf([this.closing, closeAll([fn])]);
    // A failure is told to whoever calls `close` after this. Where nobody does, it is no reason to end the process.
    this.closing.catch(() => undefined);
  }

  /** Closes everything, the last added first. Rejects with the first failure, after all were closed. */
  close(): Promise<void> {
    if (this.closing) return this.closing;
    // Set before the first part closes: that part may call back here.
    let settle!: (closed: Promise<void>) => void;
    this.closing = new Promise((resolve) => (settle = resolve));
    settle(closeAll(this.closers.reverse()));
    return this.closing;
  }
}

async function closeAll(closers: readonly (() => void | Promise<void>)[]): Promise<void> {
  let failure: { error: unknown } | undefined;
  for (const close of closers) {
    try {
      await close();
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
}

/** Resolves when all have ended. Rejects with the first failure in their order. */
async function allOf(parts: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(parts);
  const failure = results.find((result) => result.status === "rejected");
  if (failure) throw failure.reason;
}
