/** How a call ended, as far as the server's fitness goes. "unknown": the caller gave up, which says nothing. */
export type Outcome = "success" | "failure" | "unknown";

/** After this time without news, a sample counts for e times less. */
const decayMs = 600;

/** The least that one outcome counts. Twenty fast failures within a few milliseconds must be enough to see. */
const outcomeShare = 0.15;
/** Up to this time after the one before it, an outcome counts no more than that. */
const outcomeShareMs = -decayMs * Math.log(1 - outcomeShare);
/**
 * Of the last samples, none longer after the one before than this, the best counts. A pause says little about the
 * next call, but would weigh the more the longer it is; a slow server is slow five times in a row. Fewer samples say
 * nothing: the first is that of a cold connection.
 */
const recentSamples = 5;
const recentMs = 1_000;
/** How fast the difference to a faster server fades, as long as there is no news. */
const forgiveMs = 300;
/** Servers measure their CPU less often than this: to read it from each answer would cost, and tell nothing new. */
const cpuMs = 100;
/** The end of a stream that was open for an hour must not look like a slow server. */
const longestSampleMs = 5_000;

/**
 * What was learnt about one address. All times are in milliseconds of one monotonic clock; nothing in here reads
 * the time.
 */
export class NodeStats {
  /** Calls that were started and have not ended. */
  inflight = 0;
  /** From 0 (each call fails) to 1. */
  success = 1;
  /** The server's CPU use in per mille, as it last told. Undefined until it does. */
  cpu: number | undefined;
  /** When it was last chosen. Undefined until it is. */
  pickedAt: number | undefined;
  /** The count of its balancer's picks when it was last chosen. */
  pickedCount = 0;
  private cpuReadAt = -Infinity;
  private latency = 0;
  private samples = 0;
  /** The last samples, as far as they are recent: the n-th is at n, counted round. */
  private readonly recent = new Float64Array(recentSamples);
  private recents = 0;
  private sampledAt = 0;
  private outcomes = 0;
  private outcomeAt = 0;

  /** The moving average, or undefined while there are too few samples to trust. */
  get latencyMs(): number | undefined {
    return this.samples < recentSamples ? undefined : this.latency;
  }

  picked(now: number, count: number): void {
    this.pickedAt = now;
    this.pickedCount = count;
  }

  started(): void {
    this.inflight++;
  }

  ended(outcome: Outcome, tookMs: number, now: number): void {
    this.inflight = Math.max(0, this.inflight - 1);
    if (outcome === "unknown") return;
    // The first outcomes count alike: one whose first call fails has never done anything else.
    let share = Math.max(outcomeShare, 1 / ++this.outcomes);
    const since = now - this.outcomeAt;
    if (since > outcomeShareMs) share = Math.max(share, 1 - Math.exp(-since / decayMs));
    this.success += ((outcome === "success" ? 1 : 0) - this.success) * share;
    this.outcomeAt = now;
    // A failure that comes fast says nothing good about latency; one that comes late is a slow answer too.
    if (outcome === "success" || tookMs > this.latency) this.sample(Math.min(tookMs, longestSampleMs), now);
  }

  /** Whether it is time to read the server's CPU use from an answer. */
  isCpuDue(now: number): boolean {
    return now - this.cpuReadAt >= cpuMs;
  }

  /** Takes what an answer says. @param cpu in per mille; undefined: it says nothing, and what was known stays. */
  readCpu(cpu: number | undefined, now: number): void {
    this.cpuReadAt = now;
    this.cpu = cpu ?? this.cpu;
  }

  /**
   * Measures latency anew: the first calls of a connection are slow for reasons of their own. Taken for the server's
   * latency, they would keep one that is just back from getting calls for another second.
   */
  connected(): void {
    this.samples = 0;
    this.latency = 0;
    this.recents = 0;
  }

  /** Forgets what the process behind the old connection was like: a new one may have taken its address. */
  reconnected(): void {
    this.connected();
    this.success = 1;
    this.outcomes = 0;
    this.cpu = undefined;
    this.cpuReadAt = -Infinity;
  }

  /** How long ago there was news of it: a call that started or ended. */
  ageMs(now: number): number {
    return now - Math.max(this.sampledAt, this.pickedAt ?? 0);
  }

  /**
   * Its latency for a comparison with one that takes `otherMs`. A slower server is not chosen, and so not measured:
   * with time without news the difference fades. After one slow call it is back within a second; one that is twenty
   * times slower is tried again after a second and a half.
   */
  forgivenMs(otherMs: number, now: number): number {
    if (this.latency <= otherMs) return this.latency;
    return otherMs + (this.latency - otherMs) * Math.exp(-this.ageMs(now) / forgiveMs);
  }

  /** Takes that for its latency from now on: the next samples start from there. */
  forgive(other: NodeStats, now: number): void {
    this.latency = this.forgivenMs(other.latency, now);
  }

  private sample(tookMs: number, now: number): void {
    const since = now - this.sampledAt;
    if (since >= recentMs) this.recents = 0;
    this.recent[this.recents++ % recentSamples] = tookMs;
    this.samples++;
    this.sampledAt = now;
    let best = tookMs;
    for (let i = Math.min(this.recents, recentSamples) - 1; i >= 0; i--) {
      best = Math.min(best, this.recent[i] as number);
    }
    // At first much as the mean of all.
    const share = Math.max(1 / this.samples, 1 - Math.exp(-since / decayMs));
    this.latency = this.samples <= recentSamples ? best : this.latency + (best - this.latency) * share;
  }
}
