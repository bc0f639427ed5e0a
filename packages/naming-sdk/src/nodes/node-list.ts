import { shuffle, type Random } from "@discoveryd/runtime";

export interface NodeListOptions {
  /** Where to begin: `http://host:port` each, at least one. */
  readonly seeds: readonly string[];
  readonly random: Random;
}

/**
 * Which registry node to ask. All that talk to the registry share one list, so that one of them finding a node dead
 * is enough.
 *
 * It starts with the seeds, in their order. Once the registry has told its nodes (`update`) those are used, in random
 * order, so that clients spread. When every node in use has failed since the last good answer it changes over: from
 * the told ones to the seeds, and back again. Nothing is ever forgotten.
 */
export class NodeList {
  private readonly seeds: readonly string[];
  private readonly random: Random;
  private told: readonly string[] = [];
  private ring: readonly string[];
  private at = 0;
  private readonly failed = new Set<string>();
  private lastFailure: { readonly cause: unknown } | undefined;
  private everyNodeFailed = false;

  constructor({ seeds, random }: NodeListOptions) {
    this.seeds = seeds;
    this.ring = seeds;
    this.random = random;
  }

  /** The node to ask next. */
  get current(): string {
    return this.ring[this.at % this.ring.length] as string;
  }

  /** There is no other node to ask. */
  get isOnly(): boolean {
    return this.ring.length === 1;
  }

  /** The nodes in use, and the seeds. */
  get all(): readonly string[] {
    return [...new Set([...this.ring, ...this.seeds])];
  }

  /** The last failure, when nothing good came since. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.lastFailure;
  }

  /** Every node in use failed, and nothing good came since. */
  get isExhausted(): boolean {
    return this.everyNodeFailed;
  }

  /** A node gave a good answer. */
  succeeded(): void {
    this.failed.clear();
    this.lastFailure = undefined;
    this.everyNodeFailed = false;
  }

  /** `node` gave none, or a wrong one. Moves on, unless somebody else's failure has moved on from it already. */
  failedAt(node: string, cause: unknown): void {
    this.lastFailure = { cause };
    this.failed.add(node);
    if (node === this.current) this.at = (this.at + 1) % this.ring.length;
    if (!this.ring.every((known) => this.failed.has(known))) return;
    this.everyNodeFailed = true;
    this.failed.clear();
    this.use(this.ring === this.seeds && this.told.length > 0 ? this.told : this.seeds);
  }

  /** Moves to the next node, so that load spreads again after nodes came or went. */
  advance(): void {
    if (this.ring === this.seeds && this.told.length > 0) this.use(this.told);
    else this.at = (this.at + 1) % this.ring.length;
  }

  /**
   * What the registry says its nodes are. The same set as before changes nothing: it may have failed as a whole since,
   * for example when nodes announce addresses that cannot be reached from here.
   */
  update(nodes: readonly string[]): void {
    const unique = [...new Set(nodes)];
    if (unique.length === 0 || isSameSet(unique, this.told)) return;
    const first = this.told.length === 0;
    const current = this.current;
    this.told = shuffle(unique, this.random);
    this.use(this.told);
    // A node that stays in the list stays in use: moving asks for everything anew.
    if (!first) this.at = Math.max(0, this.told.indexOf(current));
  }

  private use(ring: readonly string[]): void {
    if (ring === this.ring) return;
    this.ring = ring;
    this.at = 0;
  }
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}
