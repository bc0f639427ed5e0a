import { CodedError } from "@discoveryd/protocol";
import { status as Status, type Metadata, type ServerErrorResponse } from "@grpc/grpc-js";
import { grpcStatusOf } from "../interceptors/status-codes";

/** How a failed call is answered. */
export interface FailedAnswer {
  readonly code: Status;
  readonly details: string;
  readonly metadata?: Metadata;
}

/**
 * The answer for an error that a handler means as one: it has a gRPC status (`{ code, details }`, also the error of
 * a call the handler made itself) or a code of the table (`CodedError`). Undefined for any other: that is a bug.
 */
export function intendedAnswer(error: unknown): FailedAnswer | undefined {
  if (error instanceof CodedError) return { code: grpcStatusOf(error.code), details: error.message };
  if (typeof error !== "object" || error === null) return undefined;
  const { code, details, message, metadata } = error as Partial<ServerErrorResponse>;
  if (code === undefined || Status[code] === undefined || code === Status.OK) return undefined;
  return { code, details: details ?? message ?? "", ...(metadata && { metadata }) };
}

/** What the caller learns of a bug: nothing but that there is one. The log has the rest. */
export function bugAnswer(method: string): FailedAnswer {
  return { code: Status.INTERNAL, details: `${method} failed unexpectedly: the server's log says why` };
}
