import { hasInstances } from "../select/filter";
import type { InstancesInfo, Resolver, ResolverStatus } from "../naming";

export interface LiveResolverOptions {
  /** For error messages: the app, where it is looked for and whom is asked. Asked for each time. */
  readonly describe: () => string;
  /** Which instances to show. Default: all. */
  readonly select?: (info: InstancesInfo) => InstancesInfo;
  /** `ready` rejects when the app has no instance. Default false. */
  readonly required?: boolean;
  /** Whom was asked in vain and why, while nobody answers. Default: there is always an answer. */
  readonly unreachable?: () => { readonly nodes: readonly string[]; readonly cause: unknown } | undefined;
  /** Asks now. Default: nothing to ask. */
  readonly refresh?: () => void;
  /** Called once, at `close`. */
  readonly onClose?: () => void;
}

/**
 * All of a Resolver but where the states come from: a back end calls `accept` with each. Listeners are never called
 * within `accept`; one that is slow, or registered twice in a turn, hears the latest state only.
 */
export class LiveResolver implements Resolver {
  /** As accepted, and as shown. */
  private raw: InstancesInfo | undefined;
  private shown: InstancesInfo | undefined;
  private isClosed = false;
  private readonly wakers = new Set<() => void>();

  constructor(private readonly options: LiveResolverOptions) {}

  /** A new state. Ignored after `close`. */
  accept(info: InstancesInfo): void {
    if (this.isClosed) return;
    this.raw = info;
    this.shown = this.options.select ? this.options.select(info) : info;
    this.wake();
  }

  fetch(): InstancesInfo | undefined {
    return this.shown;
  }

  async ready({ signal }: { readonly signal?: AbortSignal } = {}): Promise<InstancesInfo> {
    while (this.shown === undefined && !this.isClosed && !signal?.aborted) await this.changed(signal);
    signal?.throwIfAborted();
    if (this.shown === undefined) throw new Error(`${this.describe()}: closed before the first answer`);
    if (this.options.required && this.raw && !hasInstances(this.raw)) {
      throw new Error(`${this.describe()}: the app does not exist, or none of its instances is up`);
    }
    return this.shown;
  }

  async *watch(): AsyncGenerator<InstancesInfo, void, undefined> {
    let seen: InstancesInfo | undefined;
    while (!this.isClosed) {
      if (this.shown === undefined || this.shown === seen) await this.changed();
      else yield (seen = this.shown);
    }
  }

  onChange(listener: (info: InstancesInfo) => void): () => void {
    let isOn = true;
    const follow = async () => {
      let seen: InstancesInfo | undefined;
      // Begins after this call. A listener's error goes to the process, as a bug should.
      await Promise.resolve();
      while (isOn && !this.isClosed) {
        if (this.shown === undefined || this.shown === seen) await this.changed();
        else listener((seen = this.shown));
      }
    };
    void follow();
    return () => {
      isOn = false;
      this.wake();
    };
  }

  status(): ResolverStatus {
    const failure = this.options.unreachable?.();
    if (failure) return { kind: "unreachable", ...failure };
    if (this.raw === undefined || this.shown === undefined) return { kind: "waiting" };
    if (hasInstances(this.shown)) return { kind: "found" };
    return { kind: hasInstances(this.raw) ? "filtered" : "missing" };
  }

  describe(): string {
    return this.options.describe();
  }

  refresh(): void {
    if (!this.isClosed) this.options.refresh?.();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.options.onClose?.();
    this.wake();
  }

  /** Resolves at the next state, at `close`, or when `signal` aborts. */
  private changed(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal?.removeEventListener("abort", done);
        this.wakers.delete(done);
        resolve();
      };
      this.wakers.add(done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  private wake(): void {
    for (const wake of [...this.wakers]) wake();
  }
}
