import { status as Status } from "@grpc/grpc-js";
import { failureStatus } from "./recovery";

test.each<[unknown, Status, string]>([
  [new Error("Channel has been shut down"), Status.UNAVAILABLE, "/a.B/C: the client was closed"],
  [new TypeError("x is undefined"), Status.INTERNAL, "/a.B/C could not be started: x is undefined"],
  ["text", Status.INTERNAL, "/a.B/C could not be started: text"],
])("%p becomes a status", (error, code, details) => {
  expect(failureStatus(error, "/a.B/C")).toMatchObject({ code, details });
});
