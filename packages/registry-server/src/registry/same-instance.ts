import type { Instance, Metadata } from "@discoveryd/protocol";

/** Whether a consumer would tell the two apart. */
export function looksDifferent(a: Instance, b: Instance): boolean {
  return (
    a.status !== b.status ||
    a.version !== b.version ||
    a.region !== b.region ||
    !sameList(a.addrs, b.addrs) ||
    !sameMetadata(a.metadata, b.metadata)
  );
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

export function sameMetadata(a: Metadata, b: Metadata): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    if (b.get(key) !== value) return false;
  }
  return true;
}
