import {
  ServerResponse,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
} from "node:http";
import { systemClock, type Clock } from "@discoveryd/runtime";

const SECOND_MS = 1_000;

/** Writes the heads of answers on connections that are kept. */
export class AnswerHeads {
  private second = 0;
  private end = "";

  /** @param keepAliveMs how long an idle connection is kept. */
  constructor(
    private readonly keepAliveMs: number,
    private readonly clock: Pick<Clock, "now"> = systemClock,
  ) {}

  /** The head of a 200 with these headers, name and value by turns. */
  write(headers: readonly unknown[]): string {
    let head = "HTTP/1.1 200 OK\r\n";
    for (let i = 0; i < headers.length; i += 2)
      head += `${headers[i] as string}: ${headers[i + 1] as string}\r\n`;
    return head + this.endNow();
  }

  /** Made once a second: it holds the date. */
  private endNow(): string {
    const second = Math.floor(this.clock.now() / SECOND_MS);
    if (second === this.second) return this.end;
    const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.keepAliveMs / SECOND_MS)}`;
    this.second = second;
    this.end = `Date: ${new Date(second * SECOND_MS).toUTCString()}\r\n${keepAlive}\r\n\r\n`;
    return this.end;
  }
}

/** Where Node keeps the text of a head, once it is made; null before. */
interface WithHead {
  _header: string | null;
}

/**
 * A response whose head is written as text when it is that of an answer. Node looks at each name and value for what must
 * not be there, and for what it means, which is a twentieth of what a heartbeat costs; the headers of an answer are ours.
 *
 * Node is given the head where it keeps it itself. A Node to come that keeps it elsewhere is given the headers, as ever.
 */
export class AnswerResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {
  /** On the prototype: each server has a class of its own. */
  declare readonly heads: AnswerHeads;

  override writeHead(status: number, ...rest: unknown[]): this {
    const [headers] = rest;
    const { _header } = this as unknown as WithHead;
    const isAnswer = status === 200 && isHeadOfAnswer(headers);
    if (isAnswer && this.shouldKeepAlive && _header === null) {
      (this as unknown as WithHead)._header = this.heads.write(headers);
      return this;
    }
    return super.writeHead(status, ...(rest as [OutgoingHttpHeaders | OutgoingHttpHeader[]]));
  }
}

/** As `sendAnswer` makes them, on a connection that is kept; with any other header it is Node's to write. */
function isHeadOfAnswer(headers: unknown): headers is unknown[] {
  return Array.isArray(headers) && headers.length === 6 && headers[2] === "Content-Length";
}
