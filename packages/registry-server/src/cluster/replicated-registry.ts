import { codes, metadataOf, type InstanceKey, type Timestamp } from "@discoveryd/protocol";
import type {
  Cancelled,
  Change,
  Registered,
  Registering,
  Registry,
  Renewed,
  Setting,
} from "../registry/registry";
import type { StoredInstance } from "../registry/stored-instance";
import { HEARD, putOf, type News, type Operation, type Outcome, type Renew } from "./operation";
import { fromClient, type Origin, type Peers } from "./peers";

/** What a change did here, and when the others have heard of it. */
export interface Told<R> {
  readonly result: R;
  /** Resolves when every peer that answers has answered, at most 500 ms later; undefined when nobody need be told. */
  readonly told: Promise<void> | undefined;
}

/** Applies a change here, then tells the peers: the seam between doing it and telling others. */
export class ReplicatedRegistry {
  constructor(
    private readonly registry: Registry,
    private readonly peers: Peers,
  ) {}

  register(input: Omit<Registering, "replicated">, origin: Origin): Told<Registered> {
    const result = this.registry.register({ ...input, replicated: origin.replication || origin.fromZone });
    if (result.kind === "stale" || result.kind === "buried") return { result, told: undefined };
    return { result, told: this.peers.tell([putOf(result.instance, 0)], origin) };
  }

  /** @param dirty the version that a node of the own zone has; a client sends none. */
  renew(key: InstanceKey, origin: Origin, dirty?: Timestamp): Renewed {
    const result = origin.replication
      ? this.registry.renewReplicated(key, dirty ?? 0n)
      : this.registry.renew(key);
    if (result.kind === "renewed") this.peers.tellHeartbeat(result.instance, origin);
    return result;
  }

  /** Heartbeats of a client, in one request. Which are here, in their order. */
  renewAll(keys: readonly InstanceKey[]): boolean[] {
    return this.registry.renewAll(keys).map((stored) => {
      if (stored) this.peers.tellHeartbeat(stored, fromClient);
      return stored !== undefined;
    });
  }

  /** @param at when it was cancelled, from a node that says so. */
  cancel(key: InstanceKey, origin: Origin, at?: Timestamp): Told<Cancelled> {
    const region = this.registry.find(key)?.instance.region ?? "";
    const isFromNode = origin.replication || origin.fromZone;
    const result = isFromNode ? this.registry.cancelReplicated(key, at) : this.registry.cancel(key);
    if (result.kind !== "cancelled") return { result, told: undefined };
    return { result, told: this.peers.tell([{ kind: "cancel", key, region, at: result.at }], origin) };
  }

  set(setting: Setting, origin: Origin): Told<"set" | "missing"> {
    const result = this.registry.set(setting);
    if (result === "missing") return { result, told: undefined };
    const group = {};
    const puts = byHostname(setting.changes).flatMap((change): News[] => {
      const stored = this.registry.find({ ...setting, ...change });
      if (!stored) return [];
      const put = putOf(stored, 0);
      const at = stored.instance.dirtyTimestamp;
      // News that is older than what is here has changed nothing, and must not elsewhere.
      const isMade = setting.timestamp === undefined || setting.timestamp === at;
      return [isMade ? { ...put, set: { change, at, group } } : put];
    });
    return { result, told: this.peers.tell(puts, origin) };
  }

  /** One operation out of a batch from a node of ours; undefined is one that cannot be read. */
  receive(operation: Operation | undefined, origin: Origin): Outcome {
    if (!operation) return { code: codes.badRequest };
    if (operation.kind === "renew") return this.receiveHeartbeat(operation, origin);
    const outcome = this.apply(operation);
    // A cancel counts where nobody knows the instance, too: others of the zone may.
    const isNew =
      outcome.code === codes.ok || (operation.kind === "cancel" && outcome.code === codes.notFound);
    if (isNew) void this.peers.tell([operation], origin);
    return outcome;
  }

  private apply(news: News): Outcome {
    if (news.kind === "put") {
      const adopted = this.registry.adopt(news.instance, news.silentMs);
      if (adopted.kind === "buried") return { code: codes.conflict, cancelledAt: adopted.at };
      return adopted.kind === "conflict" ? conflictWith(adopted.instance) : HEARD;
    }
    const { kind } = this.registry.cancelReplicated(news.key, news.at);
    const stored = kind === "stale" ? this.registry.find(news.key) : undefined;
    if (stored) return conflictWith(stored);
    return kind === "missing" ? { code: codes.notFound } : HEARD;
  }

  private receiveHeartbeat({ key, dirty, silentMs }: Renew, origin: Origin): Outcome {
    const renewed = this.registry.renewReplicated(key, dirty, silentMs);
    if (renewed.kind === "renewed") {
      this.peers.tellHeartbeat(renewed.instance, origin);
      return HEARD;
    }
    if (renewed.kind === "conflict") return conflictWith(renewed.instance);
    const cancelledAt = this.registry.cancelledAt(key);
    const isZombie = renewed.kind === "missing" && cancelledAt !== undefined && dirty < cancelledAt;
    return isZombie ? { code: codes.conflict, cancelledAt } : { code: codes.notFound };
  }
}

/** One change a host name: the original takes several of one, the later over the earlier. */
function byHostname(changes: readonly Change[]): Change[] {
  const merged = new Map<string, Change>();
  for (const { hostname, status, metadata } of changes) {
    const before = merged.get(hostname);
    const both = [...(before?.metadata ?? []), ...(metadata ?? [])];
    merged.set(hostname, {
      hostname,
      status: status ?? before?.status,
      metadata: both.length > 0 ? metadataOf(both) : undefined,
    });
  }
  return [...merged.values()];
}

function conflictWith(stored: StoredInstance): Outcome {
  return { code: codes.conflict, instance: { ...stored.instance, renewTimestamp: stored.renewTimestamp } };
}
