import type { Random } from "@discoveryd/runtime";
import { SreBreaker, type BreakerPolicy } from "../breaker/sre-breaker";
import type { ClientSettings } from "./config";

export interface MethodRulesOptions {
  /** The settings in force, asked for each call: they may change at any time. */
  readonly settings: () => ClientSettings;
  readonly random: Random;
}

/** What holds for each method of one dialled client: its timeout, and its breaker with what that has seen. */
export class MethodRules {
  private readonly breakers = new Map<string, { policy: BreakerPolicy; readonly breaker: SreBreaker }>();

  constructor(private readonly options: MethodRulesOptions) {}

  /** Streams last as long as they are used: they have a timeout only when one is configured for the method. */
  timeoutMs(method: string, streaming: boolean): number {
    const { methods, timeoutMs } = this.options.settings();
    return methods.get(method)?.timeoutMs ?? (streaming ? Infinity : timeoutMs);
  }

  /** Undefined where the configuration says that there is none. */
  breakerOf(method: string): SreBreaker | undefined {
    const settings = this.options.settings();
    const own = settings.methods.get(method)?.breaker;
    const policy = own === undefined ? settings.breaker : own;
    if (policy === null) return undefined;
    const known = this.breakers.get(method);
    if (known?.policy === policy) return known.breaker;
    if (known && samePolicy(known.policy, policy)) {
      known.policy = policy;
      return known.breaker;
    }
    const breaker = new SreBreaker({ policy, random: this.options.random });
    this.breakers.set(method, { policy, breaker });
    return breaker;
  }
}

// A reload that changes something else must not make a breaker forget what it has seen.
function samePolicy(a: BreakerPolicy, b: BreakerPolicy): boolean {
  return (
    a.windowMs === b.windowMs && a.buckets === b.buckets && a.k === b.k && a.minRequests === b.minRequests
  );
}
