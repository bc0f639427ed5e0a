import { codes, type Code } from "@discoveryd/protocol";
import { Metadata, status as Status, type ServiceError } from "@grpc/grpc-js";
import { codedErrorOf, codeOfGrpc, grpcStatusOf, isServerFailure } from "./status-codes";

test.each<[keyof typeof codes, Status]>([
  ["badRequest", Status.INVALID_ARGUMENT],
  ["unauthorized", Status.UNAUTHENTICATED],
  ["forbidden", Status.PERMISSION_DENIED],
  ["notFound", Status.NOT_FOUND],
  ["conflict", Status.ABORTED],
  ["internal", Status.INTERNAL],
  ["unavailable", Status.UNAVAILABLE],
  ["limited", Status.RESOURCE_EXHAUSTED],
])("%s has its status, and comes back from it", (name, status) => {
  expect(grpcStatusOf(codes[name])).toBe(status);
  expect(codeOfGrpc(status)).toBe(codes[name]);
});

test.each<[Status, Code]>([
  [Status.OK, 0],
  [Status.DEADLINE_EXCEEDED, -503],
  [Status.FAILED_PRECONDITION, -400],
  [Status.UNIMPLEMENTED, -404],
  [Status.UNKNOWN, -500],
  [Status.DATA_LOSS, -500],
])("status %i comes nearest to %i", (status, code) => {
  expect(codeOfGrpc(status)).toBe(code);
});

test("a code that is no failure has no status of its own", () => {
  expect(grpcStatusOf(codes.notModified)).toBe(Status.UNKNOWN);
});

test("a failed call's error becomes a coded one, and stays as its cause", () => {
  const metadata = new Metadata();
  const error: ServiceError = Object.assign(new Error(), {
    code: Status.UNAVAILABLE,
    details: "gone",
    metadata,
  });
  const coded = codedErrorOf(error);
  expect(coded).toMatchObject({ code: -503, message: "gone", cause: error });
});

test("only what says that the server is in trouble is a failure of it", () => {
  const failures = Object.values(Status).filter(
    (code): code is Status => typeof code === "number" && isServerFailure(code),
  );
  expect(failures).toEqual([
    Status.DEADLINE_EXCEEDED,
    Status.RESOURCE_EXHAUSTED,
    Status.INTERNAL,
    Status.UNAVAILABLE,
  ]);
});
