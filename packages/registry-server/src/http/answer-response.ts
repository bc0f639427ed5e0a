import { ServerResponse, type IncomingMessage } from "node:http";
import { STATUS_CODE_HEADER, type Code } from "@discoveryd/protocol";
import { systemClock, type Clock } from "@discoveryd/runtime";

const SECOND_MS = 1_000;

const START = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ";
const CODE = `\r\n${STATUS_CODE_HEADER}: `;

/** Writes the heads of answers on connections that are kept. */
export class AnswerHeads {
  private second = 0;
  private end = "";

  /** @param keepAliveMs how long an idle connection is kept. */
  constructor(
    private readonly keepAliveMs: number,
    private readonly clock: Pick<Clock, "now"> = systemClock,
  ) {}

  /** @param bytes of the body. */
  write(code: Code, bytes: number): string {
    return START + bytes + CODE + code + this.endNow();
  }

  /** Made once a second: it holds the date. */
  private endNow(): string {
    const second = Math.floor(this.clock.now() / SECOND_MS);
    if (second === this.second) return this.end;
    const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.keepAliveMs / SECOND_MS)}`;
    this.second = second;
    this.end = `\r\nDate: ${new Date(second * SECOND_MS).toUTCString()}\r\n${keepAlive}\r\n\r\n`;
    return this.end;
  }
}

/** Where Node keeps the text of a head, once it is made; null before. */
interface WithHead {
  _header: string | null;
}

/**
 * A response whose head can be written as text. Node looks at each name and value for what must not be there, and for
 * what it means, which is a twentieth of what a heartbeat costs; the headers of an answer are ours.
 */
export class AnswerResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {
  /** On the prototype: each server has a class of its own. */
  declare readonly heads: AnswerHeads;

  /**
   * Gives Node the head of an answer where it keeps it itself. False, with nothing done, when Node has to write it: the
   * connection ends with the answer, or this is a Node to come that keeps heads elsewhere.
   */
  writeAnswerHead(code: Code, bytes: number): boolean {
    const response = this as unknown as WithHead;
    if (!this.shouldKeepAlive || response._header !== null) return false;
    response._header = this.heads.write(code, bytes);
    return true;
  }
}
