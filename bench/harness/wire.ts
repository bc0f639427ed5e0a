import { connect, type Socket } from "node:net";

/** What a bench looks at in an answer: little, so that the load costs little. */
export interface WireAnswer {
  /** The envelope's code, as the header says it. */
  readonly code: number;
  /** The end of the body. */
  readonly tail: string;
  /** Of the body. */
  readonly bytes: number;
  /** When the last byte came, on the clock of `clockMs`. */
  readonly at: number;
}

const TAIL_BYTES = 96;

/** The same moment is the same number in every process of this machine. */
export function clockMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Called once with the answer, or with why there is none. */
export type WireDone = (error: Error | undefined, answer: WireAnswer | undefined) => void;

/** One keep-alive connection with at most one request under way. Reads answers without keeping them. */
export class Wire {
  private done: WireDone | undefined;
  private head = "";
  private left: number | "chunked" | undefined;
  private bytes = 0;
  private tail: Buffer = Buffer.alloc(0);
  private code = 0;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("the server has closed the connection")));
  }

  static open(port: number, host = "127.0.0.1"): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new Wire(socket.off("error", reject))));
    });
  }

  get(target: string): Promise<WireAnswer> {
    return this.send(getRequest(target));
  }

  post(path: string, form: string): Promise<WireAnswer> {
    return this.send(postRequest(path, form));
  }

  /** Sends a whole request. Costs the caller less than `get` and `post`: no promise. */
  exchange(request: Buffer | string, done: WireDone): void {
    this.done = done;
    this.socket.write(request);
  }

  destroy(): void {
    this.done = undefined;
    this.socket.destroy();
  }

  private send(request: string): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      this.exchange(request, (error, answer) => (answer ? resolve(answer) : reject(error as Error)));
    });
  }

  private fail(error: Error): void {
    const { done } = this;
    this.done = undefined;
    done?.(error, undefined);
  }

  private read(chunk: Buffer): void {
    if (this.left !== undefined) return this.readBody(chunk);
    const text = this.head + chunk.toString("latin1");
    const end = text.indexOf("\r\n\r\n");
    if (end === -1) {
      this.head = text;
      return;
    }
    const length = /content-length: (\d+)/i.exec(text.slice(0, end))?.[1];
    this.code = Number(/kratos-status-code: (-?\d+)/i.exec(text.slice(0, end))?.[1]);
    this.left = length === undefined ? "chunked" : Number(length);
    this.bytes = 0;
    this.tail = Buffer.alloc(0);
    const taken = end + 4 - this.head.length;
    this.head = "";
    this.readBody(chunk.subarray(taken));
  }

  private readBody(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.tail = chunk.length >= TAIL_BYTES ? chunk.subarray(-TAIL_BYTES) : lastOf(this.tail, chunk);
    // JSON holds no line ends: only the last chunk looks like this.
    const isWhole =
      this.left === "chunked"
        ? this.tail.toString("latin1").endsWith("\r\n0\r\n\r\n")
        : this.bytes === this.left;
    if (!isWhole) return;
    this.left = undefined;
    const { done, code, bytes } = this;
    this.done = undefined;
    done?.(undefined, { code, bytes, tail: this.tail.toString("latin1"), at: clockMs() });
  }
}

function lastOf(tail: Buffer, chunk: Buffer): Buffer {
  return Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
}

/** A GET, as it is on the wire. */
export function getRequest(target: string, headers = ""): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
}

/** A POST with its body, ASCII only, as it is on the wire. */
export function postRequest(path: string, body: string, type = "application/x-www-form-urlencoded"): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
