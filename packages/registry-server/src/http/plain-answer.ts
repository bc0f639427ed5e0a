import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Answers outside the protocol, as anywhere on the web: the HTTP status tells the outcome, a few words explain it. */
export function sendPlain(
  res: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  res
    .writeHead(status, {
      ...headers,
      "Content-Type": "text/plain",
      "Content-Length": Buffer.byteLength(text),
    })
    .end(text);
}
