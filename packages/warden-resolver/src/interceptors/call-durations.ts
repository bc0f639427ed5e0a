import { status as Status } from "@grpc/grpc-js";
import { Histogram, type Registry } from "prom-client";

/** Where durations are kept, and as what. */
export interface CallDurationsOptions {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
}

/** So many durations of a method and status wait at most. */
const BATCH = 256;

const MS_PER_S = 1_000;

/**
 * How long calls took, in seconds, by method and status. Durations wait until they are asked for, or a batch is full: prom-client
 * checks the labels of each and makes a text of them, which costs less for many at once than between two calls.
 */
export class CallDurations extends Histogram<"method" | "code"> {
  private readonly waiting = new Map<string, Map<Status, Batch>>();

  /** Those of this name in the registry: who shares a registry shares them, other versions of this package, too. */
  static in({ registry, name, help }: CallDurationsOptions): Pick<CallDurations, "add"> {
    const known = registry.getSingleMetric(name);
    if (!known) return new CallDurations({ registry, name, help });
    if (known instanceof CallDurations) return known;
    const histogram = known as Histogram<"method" | "code">;
    return {
      add: (method, code, durationMs) =>
        histogram.observe({ method, code: nameOf(code) }, durationMs / MS_PER_S),
    };
  }

  private constructor({ registry, name, help }: CallDurationsOptions) {
    super({
      name,
      help,
      labelNames: ["method", "code"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
  }

  /** @param durationMs how long the call took, in milliseconds. */
  add(method: string, code: Status, durationMs: number): void {
    const batch = this.waiting.get(method)?.get(code) ?? this.open(method, code);
    batch.add(durationMs / MS_PER_S);
  }

  /** prom-client calls it before the values are read. */
  collect(): void {
    for (const byCode of this.waiting.values()) for (const batch of byCode.values()) batch.flush();
  }

  override reset(): void {
    // The first time while it is being made.
    this.waiting?.clear();
    super.reset();
  }

  private open(method: string, code: Status): Batch {
    const byCode = this.waiting.get(method) ?? new Map<Status, Batch>();
    const batch = new Batch(this.labels(method, nameOf(code)));
    this.waiting.set(method, byCode.set(code, batch));
    return batch;
  }
}

/** A status of a server may be any number. */
function nameOf(code: Status): string {
  return Status[code] ?? String(code);
}

/** Durations of one method and status that wait. */
class Batch {
  private readonly seconds = new Float64Array(BATCH);
  private count = 0;

  constructor(private readonly into: Histogram.Internal<"method" | "code">) {}

  add(seconds: number): void {
    this.seconds[this.count++] = seconds;
    if (this.count === BATCH) this.flush();
  }

  flush(): void {
    for (let i = 0; i < this.count; i++) this.into.observe(this.seconds[i] as number);
    this.count = 0;
  }
}
