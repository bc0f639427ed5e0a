import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Code } from "@discoveryd/protocol";
import type { AnswerHeads } from "./answer-heads";
import { widenGetter } from "./widen-getter";

/** An answer as it goes out. */
export interface Outgoing {
  readonly code: Code;
  /** Text of as many characters as bytes is ASCII. */
  readonly body: string | Buffer;
  /** Of the body. */
  readonly bytes: number;
  readonly gzip: boolean;
  /** Others get the same body. */
  readonly isShared: boolean;
}

/** A larger body is not copied to stand behind its head: it is sent after it. */
const PACKET_BYTES = 16_384;

/** What Node keeps of a response, and does not document. */
interface Internals {
  /** The text of the head, once it is made; null before. */
  _header: string | null;
  _headerSent: boolean;
  /** What waits for an earlier answer on the connection. */
  readonly outputData?: readonly unknown[];
  /** What its head says of it, in milliseconds; 0 is nothing. */
  _keepAliveTimeout: number;
  readonly _finish?: () => void;
}

/** Lets the head that Node writes say how long an idle connection is kept. */
export function sayKeepAlive(res: ServerResponse, keepAliveMs: number): void {
  (res as unknown as Internals)._keepAliveTimeout = keepAliveMs;
}

/** A connection, with the response whose turn it is. */
type Turn = Socket & { readonly _httpMessage?: unknown };

/**
 * A response that sends a whole answer itself. Node looks at each name and value of a head for what must not be there and
 * for what it means, makes two or three writes of an answer, and gathers them again; the headers of an answer are ours,
 * and there is nothing to gather.
 */
export class AnswerResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {
  /** On the prototype: each server has a class of its own. */
  declare readonly heads: AnswerHeads;
  /** Whether `sendAnswer` has sent the answer, to its last byte. */
  private isSent = false;

  static {
    // Since Node 24 only what Node has sent itself is finished to it.
    widenGetter(this, "writableFinished", (it) => it.isSent);
  }

  /**
   * Sends a whole answer, and tells Node that it is sent. False, with nothing done, when Node has to send it: the
   * connection ends with the answer, or an earlier one is still under way on it, or this is a Node to come that keeps
   * things elsewhere.
   */
  sendAnswer({ code, body, bytes, gzip, isShared }: Outgoing): boolean {
    const own = this as unknown as Internals;
    const socket = this.socket as Turn | null;
    if (!this.shouldKeepAlive || own._header !== null || own.outputData?.length !== 0) return false;
    if (typeof own._finish !== "function") return false;
    if (socket?._httpMessage !== this || !socket.writable) return false;
    const head = this.heads.write(code, bytes, gzip);
    own._header = head;
    own._headerSent = true;
    this.finished = true;
    const onSent = (error?: Error | null) => {
      if (error) return;
      this.isSent = true;
      this.emit("finish");
    };
    if (typeof body === "string") {
      // Text that is known to be ASCII is sent for less under this name.
      socket.write(head + body, bytes === body.length ? "latin1" : "utf8", onSent);
    } else if (isShared && bytes <= PACKET_BYTES) {
      socket.write(this.heads.packet(head, body), onSent);
    } else {
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body, onSent);
      socket.uncork();
    }
    own._finish();
    return true;
  }
}
