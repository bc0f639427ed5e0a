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
    const message = error instanceof Error ? error.message : String(error);
    return new CodedError(codes.internal, message, { cause: error });
  }
}

/** A -400 whose message names the parameter, the value and what is allowed. */
export function badParameter(name: string, value: unknown, allowed: string): CodedError {
  const shown = typeof value === "string" ? quoteShort(value) : String(value);
  return new CodedError(codes.badRequest, `parameter ${name} = ${shown}: ${allowed}`);
}

/** A -400 for a parameter that is required and absent or empty. */
export function missingParameter(name: string): CodedError {
  return new CodedError(codes.badRequest, `parameter ${name} is required`);
}

// Long enough to recognise the value, short enough for a log line.
const SHOWN = 64;

function quoteShort(value: string): string {
  return value.length <= SHOWN
    ? JSON.stringify(value)
    : `${JSON.stringify(value.slice(0, SHOWN))}… (${value.length} characters)`;
}
