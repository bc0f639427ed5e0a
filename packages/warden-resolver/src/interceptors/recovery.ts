import { Metadata, status as Status, type StatusObject } from "@grpc/grpc-js";

/**
 * How a call ends that could not be started. grpc-js throws then, out of the method the application called: callers
 * look at the error they are called back with, and expect no other.
 */
export function failureStatus(error: unknown, method: string): StatusObject {
  const message = messageOf(error);
  const metadata = new Metadata();
  if (message === CLOSED) {
    return { code: Status.UNAVAILABLE, details: `${method}: the client was closed`, metadata };
  }
  return { code: Status.INTERNAL, details: `${method} could not be started: ${message}`, metadata };
}

// What grpc-js' closed channels throw.
const CLOSED = "Channel has been shut down";

/** What went wrong, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
