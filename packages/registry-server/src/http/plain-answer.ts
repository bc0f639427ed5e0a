import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** What is answered for a path that is nobody's. */
export const NOT_FOUND = { status: 404, text: "404 page not found" } as const;
/** What is answered for a path that takes another method. */
export const WRONG_METHOD = { status: 405, text: "Method Not Allowed" } as const;

/** Answers outside the protocol, as anywhere on the web: the HTTP status tells the outcome, a few words explain it. */
export function sendPlain(
  res: ServerResponse,
  { status, text }: { readonly status: number; readonly text: string },
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
