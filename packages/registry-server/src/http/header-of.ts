import type { IncomingMessage } from "node:http";

/**
 * The first header of this name, given in lower case. Node makes its own object of all headers at the first look at
 * `req.headers`, which costs as much as the rest of reading a heartbeat; here only the one asked for is read.
 */
export function headerOf(req: IncomingMessage, name: string): string | undefined {
  const { rawHeaders } = req;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const each = rawHeaders[i] as string;
    if (each.length === name.length && (each === name || each.toLowerCase() === name))
      return rawHeaders[i + 1];
  }
  return undefined;
}
