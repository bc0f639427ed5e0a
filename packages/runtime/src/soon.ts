/**
 * Calls `fn` once, after the I/O that is waiting now was served. For cutting long work into slices: other
 * requests are answered between two of them.
 */
export function soon(fn: () => void): void {
  setImmediate(fn);
}
