import { CodedError } from "./coded-error";
import { codes } from "./codes";
import { parseExact, type ReadTimestamp } from "./parse-exact";
import { parseWithTimestamps } from "./parse-with-timestamps";

/** What every answer under `/discovery/` is wrapped in. */
export interface Envelope {
  readonly code: number;
  readonly message: string;
  /** Read with the `decode…` functions: timestamps may be numbers or strings. Undefined when there is none. */
  readonly data: unknown;
}

/** An envelope with the timestamps of one name to the digit. */
export interface ExactEnvelope extends Envelope {
  /** Reads those of that name in `data`. */
  readonly timestampOf: ReadTimestamp;
}

/** What comes before the data of an answer that is well, and after it: for data that is encoded already. */
export const DATA_HEAD = `{"code":0,"message":"0","ttl":1,"data":`;
export const DATA_TAIL = "}";

/** An answer as JSON text. `data` is JSON text already; without it the field is left out. */
export function encodeEnvelope(code: number, message = String(code), data?: string): string {
  const head = `{"code":${code},"message":${JSON.stringify(message)},"ttl":1`;
  return data === undefined ? `${head}}` : `${head},"data":${data}}`;
}

/** Reads an answer, all timestamps to the digit. Throws a CodedError (-500) when the text is not an envelope. */
export function parseEnvelope(text: string): Envelope {
  return envelopeFrom(parsed(text, parseWithTimestamps), text);
}

/** Reads an answer, the timestamps of one name, such as `latest`, to the digit. Throws as `parseEnvelope` does. */
export function parseExactEnvelope(text: string, name: string): ExactEnvelope {
  const { value, timestampOf } = parsed(text, (json) => parseExact(json, name));
  return { ...envelopeFrom(value, text), timestampOf };
}

function parsed<T>(text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    throw new CodedError(codes.internal, `not JSON: ${JSON.stringify(text.slice(0, 80))}`, { cause: error });
  }
}

function envelopeFrom(value: unknown, text: string): Envelope {
  const { code, message, data } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Partial<Envelope>;
  if (typeof code !== "number") {
    throw new CodedError(codes.internal, `an answer without a code: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return { code, message: typeof message === "string" ? message : String(code), data };
}
