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

/** One keep-alive connection with at most one request under way. Reads answers without keeping them. */
export class Wire {
  private resolve: ((answer: WireAnswer) => void) | undefined;
  private reject: ((error: Error) => void) | undefined;
  private head = "";
  private left: number | "chunked" | undefined;
  private bytes = 0;
  private tail: Buffer = Buffer.alloc(0);
  private code = 0;

  private constructor(private readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => this.read(chunk));
    socket.on("error", (error) => this.reject?.(error));
    socket.on("close", () => this.reject?.(new Error("the registry has closed the connection")));
  }

  static open(port: number): Promise<Wire> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => resolve(new Wire(socket.off("error", reject))));
    });
  }

  get(target: string): Promise<WireAnswer> {
    return this.send(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }

  post(path: string, form: string): Promise<WireAnswer> {
    const type = "Content-Type: application/x-www-form-urlencoded";
    return this.send(
      `POST ${path} HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
    );
  }

  destroy(): void {
    this.resolve = this.reject = undefined;
    this.socket.destroy();
  }

  private send(request: string): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.socket.write(request);
    });
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
    const { resolve, code, bytes } = this;
    this.resolve = this.reject = undefined;
    resolve?.({ code, bytes, tail: this.tail.toString("latin1"), at: clockMs() });
  }
}

function lastOf(tail: Buffer, chunk: Buffer): Buffer {
  return Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
}
