import type { IncomingMessage } from "node:http";
import { headerOf } from "./header-of";

function request(...rawHeaders: string[]): IncomingMessage {
  return { rawHeaders } as unknown as IncomingMessage;
}

test("a header is found whatever the case of its name", () => {
  const req = request("Host", "a", "content-TYPE", "text/plain");
  expect(headerOf(req, "content-type")).toBe("text/plain");
});

test("of a header sent twice the first counts", () => {
  expect(headerOf(request("X-A", "1", "x-a", "2"), "x-a")).toBe("1");
});

test("a header that was not sent is undefined, also when a value looks like its name", () => {
  expect(headerOf(request("X-B", "x-a", "xxx", "1"), "x-a")).toBeUndefined();
});
