import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { shapeOf } from "./shape";

test.each([
  [undefined, undefined, "zones"],
  [undefined, "brpc/1.0 curl/7.0", "flat"],
  [undefined, "Go-http-client/1.1", "zones"],
  [undefined, "not brpc/1.0", "zones"],
  ["flat", undefined, "flat"],
  ["zones", "brpc/1.0 curl/7.0", "zones"],
  ["other", undefined, "zones"],
])("shape=%s from %s is %s", (asked, userAgent, expected) => {
  const req = new IncomingMessage(new Socket());
  if (userAgent !== undefined) req.rawHeaders.push("User-Agent", userAgent);
  expect(shapeOf(asked, req)).toBe(expected);
});
