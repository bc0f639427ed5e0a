import type { FakeClock } from "@discoveryd/runtime/testing";
import type { ModelInstance, ModelKey } from "./model-app";
import { keyText, type RegistryModel } from "./registry-model";

/** How the node was configured. */
export interface EvictionRules {
  readonly ttlMs: number;
  readonly ceilingMs: number;
  readonly keepShare: number;
  readonly guardMinInstances: number;
}

/** With so many instances needed for it, there is no self-preservation. */
export const NO_GUARD = 1_000;

/** Which evictions are right is partly chance: this knows which are wrong, and which are overdue. */
export class ModelEvictions {
  private readonly evictedAt: number[] = [];

  constructor(
    private readonly model: RegistryModel,
    private readonly clock: FakeClock,
    private readonly self: ModelKey,
    private readonly rules: EvictionRules,
  ) {}

  /** Takes what the node has evicted just now. Returns what is wrong with it. */
  take(gone: readonly ModelInstance[]): string | undefined {
    const now = this.clock.monotonic();
    const recent = this.evictedAt.filter((at) => at > now - 59_000).length;
    const before = this.model.size + recent;
    const wrong =
      recent + gone.length > this.mostOf(before)
        ? `${recent + gone.length} of ${before} evicted in a minute`
        : gone.map((instance) => this.wrongWith(instance, now)).find((found) => found !== undefined);
    for (const instance of gone) {
      this.model.evict(instance);
      this.evictedAt.push(now);
    }
    return wrong;
  }

  /** What should be gone by now: with self-preservation out of the way, the expired go as soon as the cap allows. */
  overdue(): ModelInstance[] {
    if (this.rules.guardMinInstances < NO_GUARD) return [];
    const now = this.clock.monotonic();
    const recent = this.evictedAt.filter((at) => at > now - 61_000).length;
    if (recent >= this.mostOf(this.model.size + recent)) return [];
    return this.model
      .all()
      .filter((instance) => now - instance.renewedAt > this.rules.ttlMs + 1_000 && !this.isSelf(instance));
  }

  private wrongWith(instance: ModelInstance, now: number): string | undefined {
    const silentMs = now - instance.renewedAt;
    const { hostname } = instance.key;
    if (silentMs < this.rules.ttlMs || this.isSelf(instance))
      return `${hostname} evicted after ${silentMs} ms`;
    if (this.isSilent(now) && silentMs < this.rules.ceilingMs)
      return `${hostname} evicted while nobody renews`;
    return undefined;
  }

  /** Nobody but the node itself, twice a minute, has renewed for more than a minute. */
  private isSilent(now: number): boolean {
    const mature = this.model
      .all()
      .filter(({ joinedAt }) => joinedAt < now - this.rules.ttlMs - 10_000).length;
    return this.model.heardAt < now - 66_000 && mature >= this.rules.guardMinInstances;
  }

  private mostOf(size: number): number {
    return Math.max(1, Math.floor(size * (1 - this.rules.keepShare) + 1e-6));
  }

  private isSelf({ key }: ModelInstance): boolean {
    return keyText(key) === keyText(this.self);
  }
}
