import { compareAnswers, type Finding } from "./compare";
import { Correspondence } from "./correspondence";
import { parseExchanges, type Answer, type Exchange } from "./recording";
import type { Simulation } from "./simulation";
import type { Reply, Request, Wire } from "./wire";

/** A request under way. */
export interface Sent {
  /** Lets time pass until it is answered. */
  answer(): Promise<Answer>;
}

/** Where the recordings' registry listened. */
const RECORDED_ADDR = "127.0.0.1:7171";

/** How exactly an answer's time is taken, in milliseconds. */
const TICK_MS = 10;

/** Longer than any poll hangs, in milliseconds. */
const FOREVER_MS = 60_000;

/** Sends to a registry what a recording sent to another, and collects where the answers differ. */
export class Replay {
  readonly findings: Finding[] = [];
  /** The title of every answer compared. */
  readonly compared: string[] = [];
  readonly times = new Correspondence();
  private readonly wire: Wire;

  constructor(readonly simulation: Simulation) {
    this.wire = simulation.connect();
  }

  /** Every request of a recording of blocks, in order. */
  async replayExchanges(text: string): Promise<void> {
    for (const exchange of parseExchanges(text)) {
      const ours = await this.send(this.requestOf(exchange)).answer();
      this.compare(exchange.title, exchange.answer, ours);
    }
  }

  compare(title: string, recorded: Answer, ours: Answer): void {
    const text = recorded.text.replaceAll(RECORDED_ADDR, this.simulation.addr);
    this.compared.push(title);
    this.findings.push(...compareAnswers(title, { ...recorded, text }, ours, this.times));
  }

  send(request: Request): Sent {
    const { clock } = this.simulation;
    const startedAt = clock.monotonic();
    let answer: Answer | undefined;
    let failure: unknown;
    void this.wire.send(request).then(
      (reply) => (answer = answerOf(reply, (clock.monotonic() - startedAt) / 1_000)),
      (error: unknown) => (failure = error),
    );
    return {
      answer: async () => {
        for (let waited = 0; answer === undefined && failure === undefined; waited += TICK_MS) {
          if (waited > FOREVER_MS) throw new Error(`${request.method} ${request.path}: not answered`);
          if (waited > 0) await clock.advance(TICK_MS);
          await this.simulation.settle();
        }
        // Real clients leave some time between two requests.
        await clock.advance(1);
        if (answer === undefined) throw failure;
        return answer;
      },
    };
  }

  private requestOf({ title, method, path, body }: Exchange): Request {
    const timeout = /timeout header (\d+)ms/.exec(title)?.[1];
    const headers = {
      ...(body !== undefined && { "content-type": body.startsWith("{") ? JSON_TYPE : FORM_TYPE }),
      ...(timeout !== undefined && { "x1-bmspy-timeout": timeout }),
    };
    const translated = path.replace(/(?<=latest_timestamp=)\d{16,}/g, (digits) =>
      String(this.times.translate(BigInt(digits))),
    );
    return { method, path: translated, headers, ...(body !== undefined && { body }) };
  }
}

const FORM_TYPE = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

function answerOf({ status, headers, text }: Reply, seconds: number): Answer {
  return {
    status,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    text,
    seconds,
  };
}
