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

  /** Calls `fn` at `close`. */
  onClose(fn: () => void | Promise<void>): void {
    if (this.closing) this.closing = this.closing.then(fn);
    else this.closers.push(fn);
  }

  /** Closes everything, the last added first. Rejects with the first failure, after all were closed. */
  close(): Promise<void> {
    this.closing ??= closeAll(this.closers.reverse());
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
