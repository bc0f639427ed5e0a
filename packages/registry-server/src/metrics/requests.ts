import type { Code, Route } from "@discoveryd/protocol";

/** Counts answers by route and code. Plain maps: it is done for every heartbeat. */
export class RequestCounts {
  private readonly counts = new Map<string, Map<Code, number>>();

  add(route: Route, code: Code): void {
    let codes = this.counts.get(route.name);
    if (!codes) this.counts.set(route.name, (codes = new Map()));
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }

  *all(): IterableIterator<{ route: string; code: Code; count: number }> {
    for (const [route, codes] of this.counts) {
      for (const [code, count] of codes) yield { route, code, count };
    }
  }
}
