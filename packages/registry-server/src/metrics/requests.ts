/** The route of all paths that have none. */
export const UNKNOWN_ROUTE = "unknown";

/** Counts answers by route and code. Plain maps: it is done for every heartbeat. */
export class RequestCounts {
  private readonly counts = new Map<string, Map<number, number>>();

  /** @param route is its name, or `UNKNOWN_ROUTE`: what a client makes up must not become a row. */
  add(route: string, code: number): void {
    let codes = this.counts.get(route);
    if (!codes) this.counts.set(route, (codes = new Map()));
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }

  *all(): IterableIterator<{ route: string; code: number; count: number }> {
    for (const [route, codes] of this.counts) {
      for (const [code, count] of codes) yield { route, code, count };
    }
  }
}
