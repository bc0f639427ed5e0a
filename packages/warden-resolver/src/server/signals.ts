/** The part of `process` that signals need. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  exit(code: number): void;
}

const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGTERM: 143, SIGINT: 130 };

/**
 * Calls `shutdown` at the first SIGTERM or SIGINT. A second one ends the process at once, with 143 or 130 as a shell
 * expects it. Calling the result leaves signals alone again.
 */
export function shutdownOnSignals(shutdown: () => void, source: SignalSource = process): () => void {
  const signals = Object.keys(exitCodes) as NodeJS.Signals[];
  let asked = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) source.exit(exitCodes[signal] ?? 1);
    asked = true;
    shutdown();
  };
  for (const signal of signals) source.on(signal, onSignal);
  return () => {
    for (const signal of signals) source.off(signal, onSignal);
  };
}
