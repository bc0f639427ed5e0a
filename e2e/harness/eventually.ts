import { setTimeout as sleep } from "node:timers/promises";

const BETWEEN_LOOKS_MS = 10;

/** Thrown by a look: it will never hold. */
export class Hopeless extends Error {}

/**
 * Runs `look` until it does not throw, and resolves with what it returned. Rejects with its last error when `withinMs`
 * are over, and at once when that is `Hopeless`. For a condition that must hold soon: use `expect` in `look`.
 */
export async function eventually<T>(look: () => T | Promise<T>, withinMs: number): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      if (performance.now() >= deadline) throw withPrefix(`not within ${withinMs} ms: `, error);
    }
    await sleep(BETWEEN_LOOKS_MS);
  }
}

function withPrefix(prefix: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(prefix + String(error));
  // The same object: jest shows its stack and its diff.
  error.message = prefix + error.message;
  return error;
}
