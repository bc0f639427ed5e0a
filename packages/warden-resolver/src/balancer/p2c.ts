import type { Random } from "@discoveryd/runtime";
import type { NodeStats } from "./node-stats";
import { weightAt, type Candidate, type Chooser, type Strategy } from "./strategy";

/** A connection not chosen for this long is chosen once, so that it is measured again. */
const forcedAfterMs = 3_000;
/** Unless so few calls went elsewhere meanwhile: with one call a second, a failing server would get each third. */
const forcedAfterPicks = 20;
/** Below this use of the CPU a server is idle, whatever the figure says. Per mille. */
const idleCpu = 200;
/** The success rate of a server that always fails: finite, so that servers which all fail share evenly. */
const leastSuccess = 0.0001;

/**
 * The power of two choices: of two random connections the one with the lower load is taken, load being
 * sqrt(latency + 1) * inflight * cpu / (success * weight).
 *
 * What differs by little is equal: latencies within 20 % or 1 ms, CPU within 20 %, success within 30 % (two
 * failures in a row). Between equals only calls under way count, and the rest goes by weight at random. Without
 * this, three idle and equal servers with one caller end at 67, 33 and 0 %.
 */
export function createP2c(): Strategy {
  const count = { picks: 0 };
  return { over: (candidates) => new P2cChooser(candidates, count) };
}

class P2cChooser<C extends Candidate> implements Chooser<C> {
  /** Sums of the weights up to each candidate; undefined when all are the same. */
  private readonly cumulative: readonly number[] | undefined;
  private cursor = 0;

  constructor(
    private readonly candidates: readonly C[],
    private readonly count: { picks: number },
  ) {
    this.cumulative = cumulate(candidates);
  }

  pick(now: number, random: Random): C {
    const chosen =
      this.candidates.length === 1 ? this.at(0) : (this.overdue(now) ?? this.betterOfTwo(now, random));
    chosen.stats.picked(now, ++this.count.picks);
    return chosen;
  }

  private betterOfTwo(now: number, random: Random): C {
    const i = this.draw(now, random);
    let j = Math.floor(random() * (this.candidates.length - 1));
    if (j >= i) j++;
    const [a, b] = [this.at(i), this.at(j)];
    const [chosen, other] = isBetter(b, a, now) ? [b, a] : [a, b];
    if (isForgiven(chosen.stats, other.stats, now)) chosen.stats.forgive(other.stats, now);
    return chosen;
  }

  /** Looks at one candidate a pick, in turn: each is seen within as many picks as there are candidates. */
  private overdue(now: number): C | undefined {
    this.cursor = (this.cursor + 1) % this.candidates.length;
    const candidate = this.at(this.cursor);
    const { stats } = candidate;
    // One that was never picked is as good as the others, and chance will come to it.
    if (stats.pickedAt === undefined || now - stats.pickedAt < forcedAfterMs) return undefined;
    return this.count.picks - stats.pickedCount >= forcedAfterPicks ? candidate : undefined;
  }

  /** An index at random, by weight. Since a draw wins ties, equal servers share exactly by weight. */
  private draw(now: number, random: Random): number {
    let index = this.drawByWeight(random);
    // One in its slow start is taken as often as it has grown.
    for (let tries = 0; tries < 4; tries++) {
      const candidate = this.at(index);
      if (candidate.slowStartAt === undefined || random() * candidate.weight < weightAt(candidate, now))
        break;
      index = this.drawByWeight(random);
    }
    return index;
  }

  private drawByWeight(random: Random): number {
    const { cumulative } = this;
    if (cumulative === undefined) return Math.floor(random() * this.candidates.length);
    const point = random() * (cumulative.at(-1) as number);
    let [low, high] = [0, cumulative.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private at(index: number): C {
    return this.candidates[index] as C;
  }
}

function cumulate(candidates: readonly Candidate[]): number[] | undefined {
  if (candidates.every(({ weight }) => weight === candidates[0]?.weight)) return undefined;
  let sum = 0;
  return candidates.map(({ weight }) => (sum += weight));
}

/** Whether `a` is clearly the better choice. Neither of two equals is. */
function isBetter(a: Candidate, b: Candidate, now: number): boolean {
  const [callsA, callsB] = [a.stats.inflight, b.stats.inflight];
  const [weightA, weightB] = [weightAt(a, now), weightAt(b, now)];
  // Equals: `a` is better when it would still have fewer calls for its weight with this call than `b` has without.
  if (isEqual(a.stats, b.stats, now)) return (callsA + 1) * weightB <= callsB * weightA;
  return cost(a.stats, b.stats) * (callsA + 1) * weightB < (callsB + 1) * weightA;
}

function isEqual(a: NodeStats, b: NodeStats, now: number): boolean {
  return sameSuccess(a, b) && sameCpu(a, b) && sameLatency(a, b, now);
}

/** The load of one call on `a` over that on `b`. What is not known of one of them, or does not differ, is left out. */
function cost(a: NodeStats, b: NodeStats): number {
  let ratio = latencyCost(a, b);
  if (!sameSuccess(a, b)) {
    const lost = Math.max(leastSuccess, b.success) / Math.max(leastSuccess, a.success);
    // Being fast is no merit of a server that fails.
    ratio = lost * (lost > 1 ? Math.max(1, ratio) : Math.min(1, ratio));
  }
  return sameCpu(a, b) ? ratio : (ratio * Math.max(idleCpu, a.cpu ?? 0)) / Math.max(idleCpu, b.cpu ?? 0);
}

function latencyCost(a: NodeStats, b: NodeStats): number {
  const [latencyA, latencyB] = [a.latencyMs, b.latencyMs];
  if (latencyA === undefined || latencyB === undefined || isClose(latencyA, latencyB)) return 1;
  // In microseconds, so that the 1 is only there for an average of 0.
  return Math.sqrt((latencyA * 1_000 + 1) / (latencyB * 1_000 + 1));
}

function sameSuccess(a: NodeStats, b: NodeStats): boolean {
  return (
    Math.min(a.success, b.success) >= 0.7 * Math.max(a.success, b.success) ||
    Math.max(a.success, b.success) <= leastSuccess
  );
}

function sameCpu(a: NodeStats, b: NodeStats): boolean {
  if (a.cpu === undefined || b.cpu === undefined) return true;
  const [low, high] = a.cpu < b.cpu ? [a.cpu, b.cpu] : [b.cpu, a.cpu];
  return high <= 1.2 * Math.max(idleCpu, low);
}

function sameLatency(a: NodeStats, b: NodeStats, now: number): boolean {
  const [latencyA, latencyB] = [a.latencyMs, b.latencyMs];
  if (latencyA === undefined || latencyB === undefined || isClose(latencyA, latencyB)) return true;
  return isClose(a.forgivenMs(latencyB, now), b.forgivenMs(latencyA, now));
}

/** Whether `chosen` is slower than `other`, and taken only because the last news of that is old. */
function isForgiven(chosen: NodeStats, other: NodeStats, now: number): boolean {
  const [chosenMs, otherMs] = [chosen.latencyMs, other.latencyMs];
  if (chosenMs === undefined || otherMs === undefined || isClose(chosenMs, otherMs)) return false;
  return sameLatency(chosen, other, now);
}

function isClose(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(1, 0.2 * Math.min(a, b));
}
