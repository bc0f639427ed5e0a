import { STATUS_CODE_HEADER, type Code } from "@discoveryd/protocol";
import { systemClock, type Clock } from "@discoveryd/runtime";

const SECOND_MS = 1_000;

const START = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ";
const CODE = `\r\n${STATUS_CODE_HEADER}: `;
const GZIP = "\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding";

/** Writes the heads of answers on connections that are kept. */
export class AnswerHeads {
  private second = 0;
  private end = "";
  /** By body: the head it was sent with in this second, and both in one. */
  private packets = new WeakMap<Buffer, { readonly head: string; readonly packet: Buffer }>();

  /** @param keepAliveMs how long an idle connection is kept. */
  constructor(
    private readonly keepAliveMs: number,
    private readonly clock: Pick<Clock, "now"> = systemClock,
  ) {}

  /** @param bytes of the body. */
  write(code: Code, bytes: number, gzip = false): string {
    return START + bytes + CODE + code + (gzip ? GZIP : "") + this.endNow();
  }

  /** Head and body in one buffer, made once a second for all who are sent that body. */
  packet(head: string, body: Buffer): Buffer {
    const known = this.packets.get(body);
    if (known?.head === head) return known.packet;
    const packet = Buffer.allocUnsafe(head.length + body.length);
    packet.write(head, "latin1");
    body.copy(packet, head.length);
    this.packets.set(body, { head, packet });
    return packet;
  }

  /** Made once a second: it holds the date. */
  private endNow(): string {
    const second = Math.floor(this.clock.now() / SECOND_MS);
    if (second === this.second) return this.end;
    const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.keepAliveMs / SECOND_MS)}`;
    this.second = second;
    // Of no more use: a body that nobody asks for again must not be kept twice.
    this.packets = new WeakMap();
    this.end = `\r\nDate: ${new Date(second * SECOND_MS).toUTCString()}\r\n${keepAlive}\r\n\r\n`;
    return this.end;
  }
}
