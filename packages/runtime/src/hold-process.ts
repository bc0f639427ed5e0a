// setInterval takes no longer delay.
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Keeps the process alive until the result is called. A `Clock`'s timers do not: something a caller waits for must
 * hold the process itself, or Node ends it in the middle of the wait.
 */
export function holdProcess(): () => void {
  const timer = setInterval(() => undefined, LONGEST_MS);
  return () => clearInterval(timer);
}
