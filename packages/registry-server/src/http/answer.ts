import type { ServerResponse } from "node:http";
import {
  CodedError,
  DATA_HEAD,
  DATA_TAIL,
  STATUS_CODE_HEADER,
  codes,
  encodeEnvelope,
  type Code,
} from "@discoveryd/protocol";
import { SharedBytes } from "../registry/shared-bytes";
import type { StoredInstance } from "../registry/stored-instance";
import { acceptsGzip } from "./accepts-gzip";
import { AnswerResponse, type Outgoing } from "./answer-response";
import { SecretValueError } from "./secret-value-error";

/** What a request for a route is answered: always HTTP 200, the outcome is the code. */
export interface Answer {
  readonly code: Code;
  /** The whole envelope, as JSON: text, which costs less to send while it is small; or bytes, which many may share. */
  readonly body: string | Buffer | SharedBytes;
  /** The text of `body` is known to be ASCII: its bytes need not be counted. */
  readonly isAscii?: boolean;
  /** Why, when the code is an error; of a success, what part of it failed. For the log. */
  readonly message?: string;
}

/** Done, and nothing to show. */
export const okAnswer: Answer = { code: codes.ok, body: encodeEnvelope(codes.ok, "0") };

/** A long poll ran out. */
export const notModifiedAnswer: Answer = {
  code: codes.notModified,
  body: encodeEnvelope(codes.notModified),
};

/** An answer whose data is JSON text. */
export function dataAnswer(data: string, code: Code = codes.ok, message?: string): Answer {
  const body = encodeEnvelope(code, message ?? String(code), data);
  return message === undefined ? { code, body } : { code, body, message };
}

const HEAD_BYTES = Buffer.from(DATA_HEAD);
const TAIL_BYTES = Buffer.from(DATA_TAIL);

/** An answer whose data is encoded already. */
export function bufferAnswer(data: Buffer): Answer {
  return { code: codes.ok, body: Buffer.concat([HEAD_BYTES, data, TAIL_BYTES]) };
}

/** An answer that shows one instance: that of every heartbeat. */
export function instanceAnswer(stored: StoredInstance): Answer {
  return { code: codes.ok, body: DATA_HEAD + stored.encode() + DATA_TAIL, isAscii: stored.isAscii };
}

/** The answer to a failure; one without a code of its own is -500, and says nothing about what is inside. */
export function errorAnswer(error: unknown): Answer {
  const { code, message } = CodedError.from(error);
  const shown = code === codes.internal ? "unexpected error; the registry's log says more" : message;
  const logged = error instanceof SecretValueError ? error.logged : message;
  return { code, body: encodeEnvelope(code, shown), message: logged };
}

/** Sends an answer. `last` closes the connection after it. */
export function sendAnswer(res: ServerResponse, answer: Answer, last = false): void {
  const outgoing = outgoingTo(res, answer);
  if (!last && res instanceof AnswerResponse && res.sendAnswer(outgoing)) return;
  const { code, body, bytes, gzip } = outgoing;
  // prettier-ignore
  const headers = [
    "Content-Type", "application/json; charset=utf-8",
    "Content-Length", String(bytes),
    STATUS_CODE_HEADER, String(code),
  ];
  if (gzip) headers.push("Content-Encoding", "gzip", "Vary", "Accept-Encoding");
  if (last) headers.push("Connection", "close");
  res.writeHead(200, headers).end(body);
}

function outgoingTo(res: ServerResponse, { code, body, isAscii }: Answer): Outgoing {
  if (!(body instanceof SharedBytes)) {
    const bytes = isAscii ? body.length : Buffer.byteLength(body);
    return { code, body, bytes, gzip: false, isShared: false };
  }
  const gzip = acceptsGzip(res.req) && body.gzipped !== body.bytes;
  const bytes = gzip ? body.gzipped : body.bytes;
  return { code, body: bytes, bytes: bytes.length, gzip, isShared: true };
}
