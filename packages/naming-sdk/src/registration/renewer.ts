import { CodedError, MAX_RENEWALS, codes } from "@discoveryd/protocol";
import { systemClock, type Clock } from "@discoveryd/runtime";
import type { InstanceKey, RegistryApi } from "../http/registry-api";

export interface RenewerOptions {
  readonly api: Pick<RegistryApi, "renew" | "renews">;
  readonly clock?: Clock;
}

/** What came of one renewal. */
export type Renewed =
  { readonly outcome: "ok" | "missing" } | { readonly outcome: "failed"; readonly error: unknown };

/** A node that takes no lists is not asked again whether it does for this long, in milliseconds. */
const REMEMBER_MS = 30 * 60_000;
/** So many renewals go at a time where each is a request. */
const LANES = 8;

/** Renews many instances at one node, in as few requests as that node allows. */
export class Renewer {
  private readonly clock: Clock;
  /** The last node that took single renewals alone, and since when that is known. */
  private single: { readonly node: string; readonly since: number } | undefined;

  constructor(private readonly options: RenewerOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /**
   * What came of each, in their order. Never rejects: once the node gives no answer nothing more is sent to it, and
   * the rest has failed.
   */
  async renew(node: string, keys: readonly InstanceKey[], signal: AbortSignal): Promise<Renewed[]> {
    const renewed: Renewed[] = [];
    try {
      for (let at = 0; at < keys.length; at += MAX_RENEWALS) {
        renewed.push(...(await this.renewGroup(node, keys.slice(at, at + MAX_RENEWALS), signal)));
      }
    } catch (error) {
      while (renewed.length < keys.length) renewed.push({ outcome: "failed", error });
    }
    return renewed;
  }

  private async renewGroup(
    node: string,
    keys: readonly InstanceKey[],
    signal: AbortSignal,
  ): Promise<Renewed[]> {
    if (keys.length === 1 || this.takesNoLists(node)) return this.renewEach(node, keys, signal);
    const outcomes = await this.options.api.renews(node, keys, signal);
    if (outcomes !== "unsupported") {
      return outcomes.map((outcome) =>
        typeof outcome === "string" ? { outcome } : { outcome: "failed", error: outcome },
      );
    }
    const renewed = await this.renewEach(node, keys, signal);
    // Only now: a node that answers nothing right is not the original, it is broken.
    this.single = { node, since: this.clock.monotonic() };
    return renewed;
  }

  private takesNoLists(node: string): boolean {
    const { single } = this;
    return single?.node === node && this.clock.monotonic() - single.since < REMEMBER_MS;
  }

  /** One request each: the first alone, so that a node that does not answer is asked once; then some at a time. */
  private async renewEach(
    node: string,
    keys: readonly InstanceKey[],
    signal: AbortSignal,
  ): Promise<Renewed[]> {
    const renewed: Renewed[] = [];
    let at = 0;
    const lane = async (until: number) => {
      while (at < until) {
        const mine = at++;
        renewed[mine] = await this.renewOne(node, keys[mine] as InstanceKey, signal);
      }
    };
    await lane(1);
    await Promise.all(Array.from({ length: LANES }, () => lane(keys.length)));
    return renewed;
  }

  /** Rejects when there is no answer; that the registry refuses this one says nothing of the others. */
  private async renewOne(node: string, key: InstanceKey, signal: AbortSignal): Promise<Renewed> {
    try {
      return { outcome: await this.options.api.renew(node, key, signal) };
    } catch (error) {
      if (error instanceof CodedError && error.code !== codes.internal) return { outcome: "failed", error };
      throw error;
    }
  }
}
