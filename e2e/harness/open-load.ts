import type { DemoClient } from "@discoveryd/demo-proto";
import type { ServiceError } from "@grpc/grpc-js";
import { eventually } from "./eventually";

/** A call that has ended. Times are those of `performance.now()`. */
export interface EndedCall {
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whom it was sent to last, `host:port`. */
  readonly peer: string;
  /** The server that answered. */
  readonly server?: string;
  readonly error?: ServiceError;
}

// Calls start in bunches of what is due, at most this far apart.
const TICK_MS = 1;

/** Calls at a fixed rate that start when they are due, whatever becomes of those before: callers do not wait in line. */
export class OpenLoad {
  /** In the order in which they ended. */
  readonly ended: EndedCall[] = [];
  /** How late the latest start was, in milliseconds: so long this process did nothing, and heard nothing. */
  latestMs = 0;
  started = 0;
  private readonly startedAt = performance.now();
  private readonly timer = setInterval(() => this.startDue(), TICK_MS);
  private readonly open = new Set<Promise<void>>();

  constructor(
    private readonly client: DemoClient,
    private readonly perSecond: number,
  ) {}

  /** Starts no further calls, and resolves with all once they have ended. */
  async stop(): Promise<readonly EndedCall[]> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    return this.ended;
  }

  /** Resolves when so many calls have ended since the start. */
  async reaches(count: number): Promise<void> {
    const dueMs = (count / this.perSecond) * 1_000;
    await eventually(() => expect(this.ended.length).toBeGreaterThanOrEqual(count), 5 * dueMs + 10_000);
  }

  /** Resolves when each of the servers has answered a call that started after this was called. */
  async hears(servers: readonly string[], withinMs = 20_000): Promise<void> {
    const from = performance.now();
    await eventually(() => {
      const heard = new Set(
        this.ended.filter(({ startedAt }) => startedAt > from).map(({ server }) => server),
      );
      expect(servers.filter((server) => !heard.has(server))).toEqual([]);
    }, withinMs);
  }

  private startDue(): void {
    const sinceMs = performance.now() - this.startedAt;
    const due = Math.floor((sinceMs * this.perSecond) / 1_000);
    if (this.started < due) {
      this.latestMs = Math.max(this.latestMs, sinceMs - ((this.started + 1) * 1_000) / this.perSecond);
    }
    for (; this.started < due; this.started++) {
      const call: Promise<void> = this.call().then(() => void this.open.delete(call));
      this.open.add(call);
    }
  }

  private call(): Promise<void> {
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const call = this.client.sayHello({ name: "Ada" }, (error, reply) => {
        const outcome = error ? { error } : { server: reply.servedBy };
        this.ended.push({ startedAt, endedAt: performance.now(), peer: call.getPeer(), ...outcome });
        resolve();
      });
    });
  }
}

/** Loads for the tests of a file, stopped after each. */
export function useOpenLoad(): (client: DemoClient, perSecond: number) => OpenLoad {
  const started: OpenLoad[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((load) => load.stop()));
  });
  return (client, perSecond) => {
    const load = new OpenLoad(client, perSecond);
    started.push(load);
    return load;
  };
}

/** What went wrong, once for each message and server. */
export function failures(calls: readonly EndedCall[]): string[] {
  return [...new Set(calls.flatMap(({ error, peer }) => (error ? [`${peer}: ${error.message}`] : [])))];
}

/** What part of the calls a server has answered. */
export function shareOf(server: string, calls: readonly EndedCall[]): number {
  return calls.filter((call) => call.server === server).length / calls.length;
}

/** For `printFigures`: how many calls there were, how long they took, and how much this process itself held them up. */
export function figuresOf({ ended, latestMs }: OpenLoad): Record<string, number> {
  const took = ended.map(({ startedAt, endedAt }) => endedAt - startedAt).sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? NaN;
  return {
    calls: ended.length,
    failed: ended.filter(({ error }) => error).length,
    "ms at the median": at(0.5),
    "ms at p99": at(0.99),
    "ms at most": at(1),
    "ms late the latest start": latestMs,
  };
}
