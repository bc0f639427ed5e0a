import type { Instance } from "@discoveryd/protocol";
import type { AppState } from "../app-state";
import type { Differences } from "../digest";
import type { Operation, Outcome } from "../operation";
import type { PeerLink } from "../peer-link";

/**
 * A wire whose other end the test plays.
 *
 * - answers: at once.
 * - fails: at once, as when nobody listens.
 * - hangs: until it is told another state.
 */
export type LinkState = "answers" | "fails" | "hangs";

export class FakeLink implements PeerLink {
  /** The operations of every request, in order. */
  readonly sent: (readonly Operation[])[] = [];
  /** What the peer makes of an operation. */
  outcome: (operation: Operation) => Outcome = () => ({ code: 0 });
  /** Of so many operations it takes the first, at most. */
  takes = Infinity;
  /** What it has. */
  instances: readonly Instance[] = [];
  /** What differs. */
  differences: Differences | "unsupported" = new Map();
  /** The states given to it. */
  readonly given: AppState[] = [];
  /** What it answers to them. */
  states: readonly AppState[] = [];
  /** How often it was compared with. */
  compared = 0;
  closed = false;
  /** What `connect` was told. */
  sameZone: boolean | undefined;
  /** The most requests under way at a time. */
  mostAtOnce = 0;
  private underWay = 0;
  private waiting: (() => void)[] = [];

  constructor(private current: LinkState = "answers") {}

  get requests(): number {
    return this.sent.length;
  }

  get state(): LinkState {
    return this.current;
  }

  /** Resolves when what hung has been answered, and what follows from that has settled. */
  async become(state: LinkState): Promise<void> {
    this.current = state;
    if (state !== "hangs") for (const go of this.waiting.splice(0)) go();
    await new Promise(setImmediate);
  }

  async send(operations: readonly Operation[]): Promise<readonly Outcome[]> {
    this.sent.push(operations);
    await this.respond();
    return operations.slice(0, this.takes).map((operation) => this.outcome(operation));
  }

  async fetchAll(): Promise<readonly Instance[]> {
    await this.respond();
    return this.instances;
  }

  async compare(): Promise<Differences | "unsupported"> {
    this.compared++;
    await this.respond();
    return this.differences;
  }

  async exchange(apps: readonly AppState[]): Promise<readonly AppState[]> {
    this.given.push(...apps);
    await this.respond();
    return this.states;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  private async respond(): Promise<void> {
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.underWay);
    if (this.current === "hangs") await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.underWay--;
    if (this.current === "fails") throw new Error("connection refused");
  }
}
