/** Lets so many in at a time. Who comes later waits outside, in order. */
export class Gate {
  private readonly waiting = new Set<() => void>();
  private inside = 0;

  constructor(private readonly most: number) {}

  /** Resolves with true once there is room: `leave` must then follow. With false when the signal aborts before. */
  enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.inside < this.most) {
      this.inside++;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const goIn = () => {
        signal.removeEventListener("abort", giveUp);
        resolve(true);
      };
      const giveUp = () => {
        this.waiting.delete(goIn);
        resolve(false);
      };
      this.waiting.add(goIn);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /** Makes room for the next. */
  leave(): void {
    const [next] = this.waiting;
    if (!next) {
      this.inside--;
      return;
    }
    this.waiting.delete(next);
    next();
  }
}
