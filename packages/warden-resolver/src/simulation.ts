import { seededRandom, type Random } from "@discoveryd/runtime";
import { NodeStats } from "./balancer/node-stats";
import type { Candidate, Chooser, Strategy } from "./balancer/strategy";

// What `@discoveryd/warden-resolver/simulation` exports: how calls would be shared, without servers or waiting.
export { createP2c } from "./balancer/p2c";
export { createWrr } from "./balancer/wrr";
export type { Strategy } from "./balancer/strategy";

/** How a simulated server answers one call. */
export interface SimAnswer {
  readonly ms: number;
  /** Default true. */
  readonly ok?: boolean;
  /** Of the server's CPU, per mille. Default: not told. */
  readonly cpu?: number;
}

export interface SimServer {
  /** Default 10. */
  readonly weight?: number;
  /** Calls that it works on at a time; the others wait in line. Default: all. */
  readonly workers?: number;
  /** When it joins, in ms from the start. Default: at the start, without a slow start. */
  readonly joinsAt?: number;
  answer(now: number, random: Random): SimAnswer;
}

export interface SimOptions {
  readonly strategy: Strategy;
  readonly servers: readonly SimServer[];
  /** So many callers, each with one call at a time: the next begins when the last has ended. */
  readonly callers?: number;
  /** Or so many calls a second at random times, whatever becomes of them. */
  readonly callsPerSecond?: number;
  readonly durationMs: number;
  /** Default 1. */
  readonly seed?: number;
}

/** What a simulation saw. */
export class SimResult {
  /** @param picks when and which server, in order of time. */
  constructor(
    private readonly picks: readonly (readonly [at: number, server: number])[],
    private readonly servers: number,
  ) {}

  /** Each server's share of the calls that began from `from` until before `to`, in ms. */
  shares(from = 0, to = Infinity): number[] {
    const counts = new Array<number>(this.servers).fill(0);
    let total = 0;
    for (const [at, server] of this.picks) {
      if (at < from || at >= to) continue;
      counts[server] = (counts[server] as number) + 1;
      total++;
    }
    return counts.map((count) => (total === 0 ? 0 : count / total));
  }

  get calls(): number {
    return this.picks.length;
  }
}

interface Line {
  busy: number;
  readonly waiting: (() => void)[];
}

/** Runs a strategy against simulated servers, on a clock of its own: ten seconds take a few milliseconds. */
export function simulate(options: SimOptions): SimResult {
  return new Simulation(options).run();
}

class Simulation {
  private now = 0;
  private readonly events = new EventHeap();
  private readonly random: Random;
  private readonly picks: [number, number][] = [];
  private readonly candidates: (Candidate & { readonly index: number })[] = [];
  private readonly lines: Line[];
  private chooser: Chooser<Candidate & { readonly index: number }> | undefined;

  constructor(private readonly options: SimOptions) {
    this.random = seededRandom(options.seed ?? 1);
    this.lines = options.servers.map(() => ({ busy: 0, waiting: [] }));
  }

  run(): SimResult {
    const { servers, callers = 0, callsPerSecond, durationMs } = this.options;
    for (const [index, { joinsAt = 0 }] of servers.entries())
      this.events.push(joinsAt, () => this.join(index));
    for (let i = 0; i < callers; i++) this.events.push(0, () => this.callAgain());
    if (callsPerSecond !== undefined) this.events.push(0, () => this.arrive(callsPerSecond));
    for (let next = this.events.pop(); next && next.at < durationMs; next = this.events.pop()) {
      this.now = next.at;
      next.fn();
    }
    return new SimResult(this.picks, servers.length);
  }

  private join(index: number): void {
    const { weight = 10, joinsAt = 0 } = this.options.servers[index] as SimServer;
    const slowStartAt = joinsAt === 0 ? undefined : joinsAt;
    this.candidates.push({ index, weight, slowStartAt, stats: new NodeStats() });
    this.chooser = this.options.strategy.over([...this.candidates]);
  }

  private callAgain(): void {
    this.call(() => this.callAgain());
  }

  private arrive(perSecond: number): void {
    this.call(() => undefined);
    this.events.push(this.now - (Math.log(1 - this.random()) * 1_000) / perSecond, () =>
      this.arrive(perSecond),
    );
  }

  private call(ended: () => void): void {
    const { index, stats } = (this.chooser as NonNullable<typeof this.chooser>).pick(this.now, this.random);
    const server = this.options.servers[index] as SimServer;
    const startedAt = this.now;
    this.picks.push([startedAt, index]);
    stats.started();
    this.serve(index, () => {
      const { ms, ok = true, cpu } = server.answer(this.now, this.random);
      this.events.push(this.now + ms, () => {
        if (cpu !== undefined) stats.cpu = cpu;
        stats.ended(ok ? "success" : "failure", this.now - startedAt, this.now);
        this.release(index);
        ended();
      });
    });
  }

  private serve(index: number, work: () => void): void {
    const line = this.lines[index] as Line;
    if (line.busy >= (this.options.servers[index]?.workers ?? Infinity)) {
      line.waiting.push(work);
    } else {
      line.busy++;
      work();
    }
  }

  private release(index: number): void {
    const line = this.lines[index] as Line;
    const next = line.waiting.shift();
    if (next === undefined) line.busy--;
    else next();
  }
}

interface SimEvent {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** A binary heap; events of the same time keep their order. */
class EventHeap {
  private readonly heap: SimEvent[] = [];
  private order = 0;

  push(at: number, fn: () => void): void {
    const { heap } = this;
    const event = { at, order: this.order++, fn };
    let i = heap.push(event) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && before(event, heap[parent] as SimEvent); parent = (i - 1) >> 1) {
      heap[i] = heap[parent] as SimEvent;
      i = parent;
    }
    heap[i] = event;
  }

  pop(): SimEvent | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as SimEvent, heap[child] as SimEvent)) child++;
      if (!before(heap[child] as SimEvent, last)) break;
      heap[i] = heap[child] as SimEvent;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

function before(a: SimEvent, b: SimEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** Around `ms`, as real servers are: log-normal, with this standard deviation of the logarithm. */
export function noisy(ms: number, random: Random, spread = 0.3): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return ms * Math.exp(spread * normal);
}
