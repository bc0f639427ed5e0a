import type { IncomingMessage } from "node:http";
import Busboy from "@fastify/busboy";
import { CodedError, codes, splitJsonArray, splitJsonObject } from "@discoveryd/protocol";
import { headerOf } from "./header-of";
import { addPairs, addValue, type RawParams } from "./pairs";
import { ReceivedRequest, type BodyReader } from "./received-request";

/** Whether a request says that it has a body. */
export function hasBody(req: IncomingMessage): boolean {
  const length = headerOf(req, "content-length");
  return (length !== undefined && length !== "0") || headerOf(req, "transfer-encoding") !== undefined;
}

const FORM = "application/x-www-form-urlencoded";

/** So many pieces of a body are kept apart. */
const MOST_PIECES = 1_024;

/**
 * Reads a whole body, then calls back once: with the bytes, or with a CodedError (-400) when they are too many.
 * Not called when the client goes before it has sent everything.
 */
export function readBody(
  req: IncomingMessage,
  maxBytes: number,
  done: (error: CodedError | undefined, body: Buffer) => void,
): void {
  const body = new Body(maxBytes, done);
  if (req instanceof ReceivedRequest && req.readBody(body)) return;
  req.on("data", (piece: Buffer) => {
    if (!body.piece(piece)) req.removeAllListeners("data").removeAllListeners("end").pause();
  });
  req.on("end", () => body.end());
}

/** Lets a request without a body go by: nobody need be told that there is none. */
export function skipBody(req: IncomingMessage): void {
  if (req instanceof ReceivedRequest) req.readBody(NOBODY);
}

const NOBODY: BodyReader = { piece: () => true, end: () => undefined };

/** A body as it comes. */
class Body implements BodyReader {
  private pieces: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly done: (error: CodedError | undefined, body: Buffer) => void,
  ) {}

  piece(bytes: Buffer): boolean {
    const { maxBytes } = this;
    const wasTooLarge = this.bytes > maxBytes;
    this.bytes += bytes.length;
    if (this.bytes > maxBytes) {
      this.pieces = [];
      const error = new CodedError(codes.badRequest, `the body is larger than ${maxBytes} bytes`);
      if (!wasTooLarge) this.done(error, Buffer.alloc(0));
      return false;
    }
    this.pieces.push(bytes);
    // Pieces of a byte each would take 400 times their size.
    if (this.pieces.length === MOST_PIECES) this.pieces = [Buffer.concat(this.pieces)];
    return true;
  }

  end(): void {
    if (this.bytes > this.maxBytes) return;
    const { pieces } = this;
    this.done(undefined, pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces));
  }
}

/**
 * The parameters in a body: a form (also when the Content-Type is missing), multipart or JSON.
 * Throws, or rejects with, a CodedError (-400) when it is none of these. Only multipart takes a promise.
 */
export function parseBody(body: Buffer, contentType = ""): RawParams | Promise<RawParams> {
  const params: RawParams = new Map();
  // As nearly all say it: there is nothing to find out.
  const isForm = contentType === FORM;
  const type = isForm ? FORM : contentType.toLowerCase();
  if (!isForm && type.includes("multipart/form-data")) return parseMultipart(body, contentType);
  const text = body.toString();
  if (text === "") return params;
  // No form begins with a brace: JSON sent without its Content-Type, as `curl -d` does.
  if (type.includes("json") || (text.startsWith("{") && splitJsonObject(text))) addJson(text, params);
  else addPairs(text, params);
  return params;
}

/** Names are compared without regard to case: the original's own fields are `AppID`, `Zone`. */
function addJson(text: string, params: RawParams): void {
  const members = splitJsonObject(text);
  if (!members) throw new CodedError(codes.badRequest, "the body is not a JSON object");
  for (const [name, raw] of members) {
    const key = name.toLowerCase();
    // A later member of the same name replaces an earlier one.
    params.delete(key);
    for (const item of splitJsonArray(raw) ?? [raw]) addValue(params, key, itemText(item));
  }
}

function itemText(raw: string): string {
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw === "null" ? "" : raw;
}

/** More parts than any call has parameters. Each costs far more than a pair of a form. */
const MOST_PARTS = 4_096;
/** So many bytes are parsed before a look at whether it goes on. */
const PIECE_BYTES = 16_384;

function parseMultipart(body: Buffer, contentType: string): Promise<RawParams> {
  return new Promise((resolve, reject) => {
    const params: RawParams = new Map();
    let isOver = false;
    const fail = (cause: unknown) => {
      isOver = true;
      const reason = cause instanceof Error ? cause.message : String(cause);
      reject(new CodedError(codes.badRequest, `the multipart body is not valid: ${reason}`, { cause }));
    };
    try {
      const headers = { "content-type": contentType };
      const parser = new Busboy({ headers, limits: { files: 0, parts: MOST_PARTS } });
      parser.on("field", (name: string, value: string) => addValue(params, name, value));
      parser.on("partsLimit", () => fail(`more than ${MOST_PARTS} parts`));
      parser.on("error", fail);
      parser.on("finish", () => resolve(params));
      for (let at = 0; at < body.length && !isOver; at += PIECE_BYTES) {
        parser.write(body.subarray(at, at + PIECE_BYTES));
      }
      if (!isOver) parser.end();
    } catch (error) {
      fail(error);
    }
  });
}
