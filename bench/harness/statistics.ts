/** The value at a share of the list, sorted: 0.5 is the median, 1 the greatest; 0 of an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** What is told of a list of figures. */
export interface Summary {
  readonly median: number;
  /** A quarter of them are less. */
  readonly lower: number;
  /** A quarter of them are more. */
  readonly upper: number;
}

export function summary(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), lower: quantile(values, 0.25), upper: quantile(values, 0.75) };
}
