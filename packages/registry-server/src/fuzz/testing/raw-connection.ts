import { connect, type Socket } from "node:net";

/** An answer as it stood on the wire. */
export interface RawResponse {
  readonly status: number;
  /** Lower-case name to value; of a name sent twice the last. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A socket that speaks HTTP by hand: for requests that no client would send, and answers read as they are. */
export class RawConnection {
  /** Answers not taken yet. */
  readonly responses: RawResponse[] = [];
  /** The socket is over, whoever ended it. */
  closed = false;
  /** Bytes that came and are not a whole answer. */
  private rest: Buffer = Buffer.alloc(0);
  private wake: (() => void) | undefined;

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
      this.read();
    });
    // What happens to the connection is what a test looks at: a reset is an end like any other.
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
      this.wake?.();
    });
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  send(bytes: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Says that nothing more will be sent; answers can still come. */
  finish(): void {
    if (!this.socket.destroyed) this.socket.end();
  }

  /** The next answer; undefined when the connection ended without one. */
  async next(): Promise<RawResponse | undefined> {
    while (this.responses.length === 0 && !this.closed) await this.news();
    return this.responses.shift();
  }

  /** Resolves when the connection is over. */
  async ended(): Promise<void> {
    while (!this.closed) await this.news();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private news(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  private read(): void {
    for (let found = takeResponse(this.rest); found; found = takeResponse(this.rest)) {
      this.rest = found.rest;
      // 100 Continue is no answer.
      if (found.response.status !== 100) this.responses.push(found.response);
    }
    this.wake?.();
  }
}

export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Whole lines, without their end. */
  readonly headers?: readonly string[];
  readonly body?: string | Uint8Array;
  /** What the request says of its body's length. Default: the truth, when there is a body or the method is POST. */
  readonly length?: string | undefined;
}

/** A request as it goes over the wire. */
export function requestBytes({ method, target, headers = [], body = "", ...request }: RawRequest): Buffer {
  const bytes = Buffer.from(body);
  const truth = bytes.length > 0 || method === "POST" ? [`Content-Length: ${bytes.length}`] : [];
  const said = !("length" in request) ? truth : request.length === undefined ? [] : [request.length];
  const head = [`${method} ${target} HTTP/1.1`, "Host: fuzz", ...said, ...headers, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), bytes]);
}

function takeResponse(bytes: Buffer): { response: RawResponse; rest: Buffer } | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const headers = new Map(lines.map((line) => splitHeader(line)));
  const status = Number(statusLine.split(" ")[1]);
  const taken = takeBody(bytes.subarray(headEnd + 4), headers, status);
  return taken && { response: { status, headers, body: taken.body }, rest: taken.rest };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function takeBody(
  bytes: Buffer,
  headers: ReadonlyMap<string, string>,
  status: number,
): { body: string; rest: Buffer } | undefined {
  if (headers.get("transfer-encoding") === "chunked") return takeChunks(bytes);
  const length = status === 100 || status === 304 ? 0 : Number(headers.get("content-length") ?? 0);
  if (bytes.length < length) return undefined;
  return { body: bytes.toString("utf8", 0, length), rest: bytes.subarray(length) };
}

function takeChunks(bytes: Buffer): { body: string; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = parseInt(bytes.toString("latin1", at, lineEnd), 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(chunks).toString(), rest: bytes.subarray(end + 2) };
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
