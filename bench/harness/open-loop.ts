import { seededRandom } from "@discoveryd/runtime";
import { setTimeout as sleep } from "node:timers/promises";
import { Wire } from "./wire";

export interface OpenLoopOptions {
  /** Each request goes to one of these, at random. */
  readonly ports: readonly number[];
  readonly requests: readonly Buffer[];
  readonly perSecond: number;
  /** To each port. They take turns, and a request that finds none free waits for one. Default 32. */
  readonly connections?: number;
}

const MS_PER_S = 1_000;

/** The connections to one port, and what waits for one of them. */
interface Line {
  readonly free: Wire[];
  readonly waiting: Buffer[];
}

/** Requests that come at a steady rate, however long the answers take, as those of many clients do. */
export class OpenLoop {
  private readonly random = seededRandom(1);
  private sent = 0;
  private answered = 0;
  private failure: Error | undefined;

  private constructor(
    private readonly options: OpenLoopOptions,
    private readonly lines: readonly Line[],
    private readonly wires: readonly Wire[],
  ) {}

  static async open(options: OpenLoopOptions): Promise<OpenLoop> {
    const { ports, connections = 32 } = options;
    const lines: Line[] = [];
    for (const port of ports) {
      const free = await Promise.all(Array.from({ length: connections }, () => Wire.open(port)));
      lines.push({ free, waiting: [] });
    }
    return new OpenLoop(
      options,
      lines,
      lines.flatMap(({ free }) => [...free]),
    );
  }

  /** Resolves with the number of requests, when all are answered. Rejects when one is answered a code below 0. */
  async run(durationMs: number): Promise<number> {
    const { perSecond } = this.options;
    const start = performance.now();
    const first = this.sent;
    const total = Math.floor((durationMs * perSecond) / MS_PER_S);
    while (this.answered < first + total) {
      if (this.failure) throw this.failure;
      const due = Math.floor(((performance.now() - start) * perSecond) / MS_PER_S);
      while (this.sent - first < Math.min(total, due)) this.sendNext();
      await sleep(1);
    }
    return total;
  }

  close(): void {
    for (const wire of this.wires) wire.destroy();
  }

  private sendNext(): void {
    const { requests } = this.options;
    const request = requests[this.sent++ % requests.length] as Buffer;
    const line = this.lines[Math.floor(this.random() * this.lines.length)] as Line;
    const wire = line.free.pop();
    if (wire) this.send(request, wire, line);
    else line.waiting.push(request);
  }

  private send(request: Buffer, wire: Wire, line: Line): void {
    wire.exchange(request, (error, answer) => {
      // A server that is no registry says no code.
      if (!answer || answer.code < 0) this.failure ??= error ?? new Error(`answered ${answer?.tail}`);
      this.answered++;
      const next = line.waiting.shift();
      if (next) this.send(next, wire, line);
      // Behind the others: all have their turn.
      else line.free.unshift(wire);
    });
  }
}
