import type { Clock } from "@discoveryd/runtime";
import { Agent } from "undici";

/** A request as a client writes it. */
export interface Request {
  readonly method: "GET" | "POST";
  /** With its query, percent-encoded or not: it goes out as it stands. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the connection after the answer, as a client without keep-alive does. */
  readonly close?: boolean;
  /** Gives the request up. */
  readonly signal?: AbortSignal;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Real sockets to one registry. Remembers when each request was sent, in milliseconds of the clock. */
export class Wire {
  /** Milliseconds of the clock's monotonic time, one for each request. */
  readonly sentAt: number[] = [];

  private readonly agent = new Agent({ pipelining: 1, keepAliveTimeout: 60_000 });
  private count = 0;

  constructor(
    private readonly origin: string,
    private readonly clock: Clock,
  ) {}

  /** Requests sent and not answered yet. */
  get inFlight(): number {
    return this.count;
  }

  async send({ method, path, headers, body, close = false, signal }: Request): Promise<Reply> {
    this.sentAt.push(this.clock.monotonic());
    this.count++;
    try {
      const answer = await this.agent.request({
        origin: this.origin,
        method,
        path,
        reset: close,
        ...(headers && { headers }),
        ...(body !== undefined && { body }),
        ...(signal && { signal }),
      });
      const text = await answer.body.text();
      return { status: answer.statusCode, headers: answer.headers, text };
    } finally {
      this.count--;
    }
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}
