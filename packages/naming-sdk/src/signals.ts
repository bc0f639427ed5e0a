const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Calls `close` at the first SIGTERM or SIGINT. When it has resolved and nobody else listens to that signal, the
 * process ends by it, as it would have. Calling the result stops listening.
 */
export function closeOnSignals(close: () => Promise<void>): () => void {
  const stop = () => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    stop();
    const end = () => {
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    // A second signal during the close ends the process at once.
    void close().then(end, end);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return stop;
}
