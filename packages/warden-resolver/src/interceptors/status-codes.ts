import { CodedError, codes, type Code } from "@discoveryd/protocol";
import { status as Status, type ServiceError } from "@grpc/grpc-js";

const toGrpc: ReadonlyMap<Code, Status> = new Map<Code, Status>([
  [codes.badRequest, Status.INVALID_ARGUMENT],
  [codes.unauthorized, Status.UNAUTHENTICATED],
  [codes.forbidden, Status.PERMISSION_DENIED],
  [codes.notFound, Status.NOT_FOUND],
  [codes.conflict, Status.ABORTED],
  [codes.internal, Status.INTERNAL],
  [codes.unavailable, Status.UNAVAILABLE],
  [codes.limited, Status.RESOURCE_EXHAUSTED],
]);

const toCode: ReadonlyMap<Status, Code> = new Map<Status, Code>([
  ...[...toGrpc].map(([code, grpc]): [Status, Code] => [grpc, code]),
  [Status.OK, codes.ok],
  [Status.OUT_OF_RANGE, codes.badRequest],
  [Status.FAILED_PRECONDITION, codes.badRequest],
  [Status.UNIMPLEMENTED, codes.notFound],
  [Status.ALREADY_EXISTS, codes.conflict],
  // To the one who asked it is the same: there was no answer in time, another try may get one.
  [Status.DEADLINE_EXCEEDED, codes.unavailable],
  [Status.CANCELLED, codes.unavailable],
]);

/** The gRPC status a server answers for a code of the table. */
export function grpcStatusOf(code: Code): Status {
  return toGrpc.get(code) ?? Status.UNKNOWN;
}

/** The code of the table for a gRPC status: -503 for UNAVAILABLE and DEADLINE_EXCEEDED, -500 where none fits. */
export function codeOfGrpc(status: Status): Code {
  return toCode.get(status) ?? codes.internal;
}

/** A failed call's error as a `CodedError` with the code of the table; the error is its cause. */
export function codedErrorOf(error: ServiceError): CodedError {
  return new CodedError(codeOfGrpc(error.code), error.details, { cause: error });
}

/** Answers that say the server is in trouble, to the balancers too. All others are the application's business. */
const failures: ReadonlySet<Status> = new Set([
  Status.DEADLINE_EXCEEDED,
  Status.RESOURCE_EXHAUSTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
]);

/** Whether a call that ended so counts against the server. */
export function isServerFailure(status: Status): boolean {
  return failures.has(status);
}
