/** One line of the result. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it must not exceed, where something is said about that. */
  readonly most?: number;
}

/** By how much of the first the second is more, in percent. */
export function growth(before: number, after: number): number {
  return (100 * (after - before)) / before;
}

export function table(figures: readonly Figure[]): string {
  const width = Math.max(...figures.map(({ name }) => name.length));
  return figures
    .map(({ name, value, unit, most }) => {
      const bound = most === undefined ? "" : `  (at most ${most}: ${value <= most ? "yes" : "NO"})`;
      return `${name.padEnd(width)}  ${shown(value).padStart(10)} ${unit}${bound}`;
    })
    .join("\n");
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}
