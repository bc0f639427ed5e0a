/**
 * Calls its listeners, in the order they were added, synchronously and within `emit`.
 * A listener that throws does not stop the others: the first error is thrown again once all were called. One that is
 * removed while they are called is not called any more, one that is added waits for the next value.
 */
export class Emitter<T> {
  private readonly listeners = new Set<(value: T) => void>();

  /** Adds a listener. Calling the result removes it. */
  on(listener: (value: T) => void): () => void {
    // Wrapped, so that the same function added twice is two listeners.
    const entry = (value: T) => listener(value);
    this.listeners.add(entry);
    return () => this.listeners.delete(entry);
  }

  emit(value: T): void {
    let failure: { error: unknown } | undefined;
    for (const listener of [...this.listeners]) {
      if (!this.listeners.has(listener)) continue;
      try {
        listener(value);
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure) throw failure.error;
  }

  /** How many listeners there are. */
  get size(): number {
    return this.listeners.size;
  }
}
