import { summary, type Summary } from "./statistics";
import { processorTimeUs } from "./processor-time";

/** One of those that are compared. */
export interface Contestant {
  readonly name: string;
  /** Works for about so long. Resolves with the processor time of one operation, in microseconds. */
  measure(durationMs: number): Promise<number>;
}

/** What `costOf` measures. */
export interface Work {
  /** The processes whose processor time counts. */
  readonly pids: readonly number[];
  /** Does what is measured. Resolves with the number of operations done. */
  run(): Promise<number>;
}

/** Resolves with the processor time of one operation, in microseconds. */
export async function costOf({ pids, run }: Work): Promise<number> {
  const used = () => pids.reduce((sum, pid) => sum + processorTimeUs(pid), 0);
  const before = used();
  const operations = await run();
  return (used() - before) / operations;
}

export interface PairedOptions {
  readonly rounds: number;
  /** How long each runs in a round, in milliseconds. */
  readonly sliceMs: number;
}

/** What one has cost. */
export interface Cost {
  readonly name: string;
  /** Processor time of one operation, in microseconds. */
  readonly us: Summary;
  /** That over the first one's in the same round. */
  readonly ratio: Summary;
  /** By round, in microseconds: for questions that subtract. */
  readonly rounds: readonly number[];
}

/**
 * Lets all run for a slice in each round, in another order each time, and compares within a round: the machine is as
 * noisy for one as for the other. The first is what the others are compared with. A round before the first warms up.
 */
export async function paired(
  contestants: readonly [Contestant, ...Contestant[]],
  { rounds, sliceMs }: PairedOptions,
): Promise<Cost[]> {
  const costs = new Map<Contestant, number[]>(contestants.map((each) => [each, []]));
  for (let round = -1; round < rounds; round++) {
    for (const contestant of rotated(contestants, round + 1)) {
      const us = await contestant.measure(sliceMs);
      if (round >= 0) costs.get(contestant)?.push(us);
    }
  }
  const base = costs.get(contestants[0]) as number[];
  return contestants.map((contestant) => {
    const own = costs.get(contestant) as number[];
    const ratios = own.map((us, i) => us / (base[i] as number));
    return { name: contestant.name, us: summary(own), ratio: summary(ratios), rounds: own };
  });
}

function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length;
  return [...list.slice(from), ...list.slice(0, from)];
}
