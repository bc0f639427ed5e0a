/** A connection, as far as routing by color goes. */
export interface Routable {
  /** Empty: without color. */
  readonly color: string;
  readonly ready: boolean;
  /** Trying to connect for the first time, and only for a moment: worth waiting for. */
  readonly fresh: boolean;
  /** Not ready, but no attempt has failed since it last was: a call may wait for it. */
  readonly connecting: boolean;
}

/**
 * Where a call goes. "wait": nobody yet, but someone soon. "none": nobody, and nobody is coming.
 */
export type Route<G> = G | "wait" | "none";

interface Lane<G> {
  readonly group?: G;
  readonly fresh: boolean;
  readonly connecting: boolean;
}

/**
 * Who serves the calls of each color, worked out once for each change of the connections, so that a pick only looks
 * it up. A call with a color goes to instances of that color when there are any, else to those without; a call
 * without color goes to those without.
 */
export class ColorRoutes<R extends Routable, G> {
  private readonly lanes = new Map<string, Lane<G>>();
  /** Whether any connection has a color: if not, nobody need look for a call's. */
  readonly colored: boolean;

  /** @param group makes what is returned for a call out of the ready connections of one color. */
  constructor(connections: Iterable<R>, group: (ready: readonly R[]) => G) {
    for (const [color, members] of byColor(connections)) {
      const ready = members.filter((one) => one.ready);
      this.lanes.set(color, {
        ...(ready.length > 0 ? { group: group(ready) } : {}),
        fresh: members.some((one) => one.fresh),
        connecting: members.some((one) => one.connecting),
      });
    }
    this.colored = this.lanes.size > (this.lanes.has("") ? 1 : 0);
  }

  /** The colors that have ready connections; empty stands for none. */
  get readyColors(): string[] {
    return [...this.lanes].flatMap(([color, { group }]) => (group === undefined ? [] : [color]));
  }

  find(color: string): Route<G> {
    const plain = this.lanes.get("");
    const own = color === "" ? plain : this.lanes.get(color);
    if (own?.group !== undefined) return own.group;
    if (own?.fresh) return "wait";
    if (plain?.group !== undefined) return plain.group;
    return own?.connecting || plain?.connecting ? "wait" : "none";
  }
}

function byColor<R extends Routable>(connections: Iterable<R>): Map<string, R[]> {
  const groups = new Map<string, R[]>();
  for (const connection of connections) {
    const group = groups.get(connection.color);
    if (group === undefined) groups.set(connection.color, [connection]);
    else group.push(connection);
  }
  return groups;
}
