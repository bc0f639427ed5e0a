import type { Random } from "@discoveryd/runtime";
import type { NodeStats } from "./node-stats";
import { weightAt, type Candidate, type Chooser, type Strategy } from "./strategy";

/** How often weights follow what was measured. */
const refreshMs = 1_000;
/** And how soon after that when a server has begun to fail: its success rate fell below this share of what it was. */
const alarmMs = 100;
const alarmShare = 0.7;
/** Below this use of the CPU a server is idle, whatever the figure says. Per mille. */
const idleCpu = 200;
/** What differs by less is equal. */
const tolerance = 1.2;
const toleranceMs = 1;
/** A server keeps this share of its weight however bad it is: it is measured again by it. */
const leastFactor = 0.02;
const mostFactor = 10;

/**
 * Smooth weighted round robin (nginx'): each pick adds to everyone's credit its weight, takes the highest credit and
 * subtracts the sum. Weights start from metadata; once a second (sooner when a server begins to fail) each is multiplied
 * by success² and by how much faster, and how much less busy, the server is than the median.
 */
export function createWrr(): Strategy {
  const count = { picks: 0 };
  return { over: (candidates) => new WrrChooser(candidates, count) };
}

class WrrChooser<C extends Candidate> implements Chooser<C> {
  private readonly weights: Float64Array;
  private readonly credits: Float64Array;
  /** Success rates, as of the last refresh. */
  private readonly successes: Float64Array;
  private sum = 0;
  private refreshedAt: number | undefined;
  private alarmed = false;

  constructor(
    private readonly candidates: readonly C[],
    private readonly count: { picks: number },
  ) {
    this.weights = new Float64Array(candidates.length);
    this.credits = new Float64Array(candidates.length);
    this.successes = new Float64Array(candidates.length);
  }

  pick(now: number, random: Random): C {
    if (this.refreshedAt === undefined) this.start(now, random);
    else if (now - this.refreshedAt >= (this.alarmed ? alarmMs : refreshMs)) this.refresh(now);
    const { weights, credits } = this;
    let best = 0;
    for (let i = 0; i < credits.length; i++) {
      const credit = (credits[i] as number) + (weights[i] as number);
      credits[i] = credit;
      if (credit > (credits[best] as number)) best = i;
    }
    credits[best] = (credits[best] as number) - this.sum;
    const chosen = this.candidates[best] as C;
    chosen.stats.picked(now, ++this.count.picks);
    // Looked at with the next pick. Only the chosen one can be doing harm.
    if (chosen.stats.success < alarmShare * (this.successes[best] as number)) this.alarmed = true;
    return chosen;
  }

  /** The first round has a random order, or all clients that start together would call the same server. */
  private start(now: number, random: Random): void {
    this.refresh(now);
    for (let i = 0; i < this.credits.length; i++) this.credits[i] = random() * (this.weights[i] as number);
  }

  private refresh(now: number): void {
    this.refreshedAt = now;
    this.alarmed = false;
    const factors = fitness(this.candidates.map(({ stats }) => stats));
    this.sum = 0;
    for (const [i, candidate] of this.candidates.entries()) {
      const weight = weightAt(candidate, now) * (factors[i] as number);
      // What was saved up under the old weight shrinks with it: a server that fails has no claim to be called.
      const before = this.weights[i] as number;
      if (before > 0) this.credits[i] = ((this.credits[i] as number) * weight) / before;
      this.weights[i] = weight;
      this.successes[i] = candidate.stats.success;
      this.sum += weight;
    }
  }
}

/** What the weight of each is multiplied by. Equal servers have 1, and what is not known counts as the median. */
export function fitness(stats: readonly NodeStats[]): number[] {
  const latency = median(stats.map(({ latencyMs }) => latencyMs));
  const cpu = median(stats.map(busyCpu));
  return stats.map((one) => {
    const factor =
      one.success ** 2 * advantage(one.latencyMs, latency, toleranceMs) * advantage(busyCpu(one), cpu, 0);
    return Math.min(mostFactor, Math.max(leastFactor, factor));
  });
}

function busyCpu({ cpu }: NodeStats): number | undefined {
  return cpu === undefined ? undefined : Math.max(idleCpu, cpu);
}

/** How many times less than typical a value is: 1 within the tolerance, and without a jump where that ends. */
function advantage(value: number | undefined, typical: number | undefined, slack: number): number {
  if (value === undefined || typical === undefined) return 1;
  const most = Math.max(typical * tolerance, typical + slack);
  if (value > most) return most / value;
  const least = Math.min(typical / tolerance, typical - slack);
  return value < least ? least / value : 1;
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
