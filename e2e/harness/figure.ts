/** Prints what a test has measured, on a line of its own. Whether that is good enough its expectations say. */
export function figure(what: string, value: string): void {
  process.stderr.write(`figure: ${what}: ${value}\n`);
}

/** Milliseconds for a reader: `3.2 ms`, `518 ms`, `12.3 s`. */
export function inMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
}
