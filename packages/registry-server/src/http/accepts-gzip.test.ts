import type { IncomingMessage } from "node:http";
import { acceptsGzip } from "./accepts-gzip";

test.each([
  ["gzip", true],
  ["gzip, deflate, br", true],
  ["br;q=1.0, GZIP;q=0.5", true],
  ["br;q=1.0, gzip;q=0.5", true],
  ["gzip;q=0", false],
  ["gzip; q=0.0, deflate", false],
  ["gzip;q=0.001", true],
  ["identity", false],
  ["x-gzip-like", false],
  ["*", false],
])("Accept-Encoding: %s: gzip is taken: %s", (value, expected) => {
  const req = { rawHeaders: ["Accept-Encoding", value] } as unknown as IncomingMessage;
  expect(acceptsGzip(req)).toBe(expected);
});

test("a client that says nothing gets no gzip", () => {
  expect(acceptsGzip({ rawHeaders: [] } as unknown as IncomingMessage)).toBe(false);
});
