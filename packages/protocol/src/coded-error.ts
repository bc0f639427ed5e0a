import { codes, type Code } from "./codes";

/** A failure that crosses a boundary. Its code is from the table in `codes`, its message is for people. */
export class CodedError extends Error {
  constructor(
    readonly code: Code,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "CodedError";
  }

  /** The error itself when it has a code already; anything else becomes -500 and keeps its cause. */
  static from(error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    return new CodedError(codes.internal, messageOf(error), { cause: error });
  }
}

/** A -400 whose message names the parameter, the value (as JSON, cut when it is long) and what is allowed. */
export function badParameter(name: string, value: unknown, allowed: string): CodedError {
  return new CodedError(codes.badRequest, `parameter ${name} = ${showValue(value)}: ${allowed}`);
}

/** A -400 for a parameter that is required and absent or empty. */
export function missingParameter(name: string): CodedError {
  return new CodedError(codes.badRequest, `parameter ${name} is required`);
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return "a thrown object that has no text"; // such as Object.create(null)
  }
}

// Long enough to recognise the value, short enough for a log line.
const SHOWN = 64;

/** A value out of JSON for a message: as JSON, cut when it is long. Shows any value, however deep it is nested. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return shortened(JSON.stringify(value.slice(0, SHOWN)), value.length);
  const text = typeof value === "object" ? jsonOf(value) : String(value);
  return shortened(text.slice(0, SHOWN), text.length);
}

function jsonOf(value: object | null): string {
  try {
    return JSON.stringify(value);
  } catch {
    // JSON.parse reads what is nested too deep for JSON.stringify to write.
    return Array.isArray(value) ? "[…]" : "{…}";
  }
}

function shortened(text: string, length: number): string {
  return length <= SHOWN ? text : `${text}… (${length} characters)`;
}
