import { gunzipSync } from "node:zlib";
import { systemClock, type Clock } from "@discoveryd/runtime";
import { Agent, type Dispatcher } from "undici";

export interface TransportOptions {
  readonly clock?: Clock;
  /** How long a connection may take to open, in milliseconds. Default 1 s: a registry is near, or down. */
  readonly connectTimeoutMs?: number;
  /** No answer is read beyond this, nor unpacked. Default 64 MiB: about 100 apps of 1,000 instances. */
  readonly maxBodyBytes?: number;
}

export interface HttpRequest {
  readonly method: "GET" | "POST";
  /** For example `http://10.0.0.2:7171`. */
  readonly origin: string;
  readonly path: string;
  /** Sent as a form, unless `bodyType` says otherwise. */
  readonly body?: string;
  readonly bodyType?: "application/json";
  /** From the start to the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

// Longer than a heartbeat's interval, so that each heartbeat reuses its connection.
const KEEP_ALIVE_MS = 60_000;
const FORM_TYPE = "application/x-www-form-urlencoded";
const USER_AGENT = "discoveryd-naming-sdk";

/** An answer with another status than 2xx. */
export class HttpError extends Error {
  constructor(status: number, page: string) {
    super(`HTTP ${status}: ${page}`);
  }
}

/** The only part that opens connections. Concurrent requests to one node go over a connection each. */
export class Transport {
  private readonly clock: Clock;
  private readonly agent: Agent;
  private readonly maxBodyBytes: number;

  constructor({
    clock = systemClock,
    connectTimeoutMs = 1_000,
    maxBodyBytes = 64 * 1024 * 1024,
  }: TransportOptions = {}) {
    this.clock = clock;
    this.maxBodyBytes = maxBodyBytes;
    this.agent = new Agent({
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: KEEP_ALIVE_MS,
      // A poll hangs for longer than any fixed limit here: each request has its own deadline instead.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /**
   * The body of a 2xx answer. Rejects with an Error that says what happened: no connection, another status, too late,
   * too long. Rejects with the signal's reason when that aborts.
   */
  async send(request: HttpRequest): Promise<string> {
    const deadline = new AbortController();
    const cancel = this.clock.after(request.timeoutMs, () =>
      deadline.abort(new Error(`timed out after ${request.timeoutMs} ms`)),
    );
    const forward = () => deadline.abort(request.signal?.reason);
    if (request.signal?.aborted) forward();
    else request.signal?.addEventListener("abort", forward, { once: true });
    try {
      return await this.exchange(request, deadline.signal);
    } catch (error) {
      throw deadline.signal.aborted ? deadline.signal.reason : error;
    } finally {
      cancel();
      request.signal?.removeEventListener("abort", forward);
    }
  }

  /** Ends every connection; requests under way fail. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async exchange(request: HttpRequest, signal: AbortSignal): Promise<string> {
    const { statusCode, headers, body } = await this.agent.request({
      method: request.method,
      origin: request.origin,
      path: request.path,
      headers: {
        "user-agent": USER_AGENT,
        // Of a long list of instances a tenth is left. What is posted is answered in a few bytes.
        ...(request.method === "GET" ? { "accept-encoding": "gzip" } : {}),
        ...(request.body === undefined ? {} : { "content-type": request.bodyType ?? FORM_TYPE }),
      },
      body: request.body ?? null,
      signal,
    });
    const received = await readBody(body, this.maxBodyBytes);
    const text = unpack(received, headers["content-encoding"], this.maxBodyBytes).toString("utf8");
    if (statusCode < 200 || statusCode > 299) throw new HttpError(statusCode, oneLine(text));
    return text;
  }
}

async function readBody(body: Dispatcher.ResponseData["body"], maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (size > maxBytes) throw tooLong(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** At once, not in another thread: to read what comes out takes several times as long. */
function unpack(body: Buffer, encoding: string | string[] | undefined, maxBytes: number): Buffer {
  if (encoding === undefined || encoding === "identity") return body;
  if (encoding !== "gzip") throw new Error(`an answer packed as ${String(encoding)}: gzip was asked for`);
  try {
    return gunzipSync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLong(maxBytes);
    throw new Error("an answer that is not the gzip it says it is", { cause: error });
  }
}

function tooLong(maxBytes: number): Error {
  return new Error(`an answer of more than ${maxBytes} bytes`);
}

/** Enough of a proxy's error page to recognise it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, 80);
}
