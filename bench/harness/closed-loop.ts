import { Wire } from "./wire";

/** Whole requests, as they are on the wire; they are sent by turns. */
export type Requests = readonly Buffer[];

/** Connections that each send the next request when the last was answered, as long as they are told to. */
export class ClosedLoop {
  private next = 0;

  private constructor(
    private readonly wires: readonly Wire[],
    private readonly requests: Requests,
  ) {}

  /** @param connections how many requests are under way at once. */
  static async open(
    { port, host }: { port: number; host?: string | undefined },
    requests: Requests,
    connections = 64,
  ): Promise<ClosedLoop> {
    const wires = await Promise.all(Array.from({ length: connections }, () => Wire.open(port, host)));
    return new ClosedLoop(wires, requests);
  }

  /** Resolves with the number of requests answered, when the last is. Rejects when one is answered a code but 0. */
  async run(durationMs: number): Promise<number> {
    const until = performance.now() + durationMs;
    const counts = await Promise.all(this.wires.map((wire) => this.runOne(wire, until)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    for (const wire of this.wires) wire.destroy();
  }

  private runOne(wire: Wire, until: number): Promise<number> {
    let count = 0;
    return new Promise((resolve, reject) => {
      const step = () => {
        const request = this.requests[this.next++ % this.requests.length] as Buffer;
        wire.exchange(request, (error, answer) => {
          // A server that is no registry says no code.
          if (!answer || answer.code < 0) return reject(error ?? new Error(`answered ${answer?.tail}`));
          count++;
          if (performance.now() < until) step();
          else resolve(count);
        });
      };
      step();
    });
  }
}
