import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One request that a node of the original has sent to a peer. */
export interface PeerRequest {
  readonly method: string;
  readonly path: string;
  /** As it stood in the body. */
  readonly form: string;
  readonly params: URLSearchParams;
}

/** The requests of a recording, in order: `--- PEER <port> <method> <path>`, a line of headers, the body. */
export function readPeerRequests(name: string): PeerRequest[] {
  const text = readFileSync(join(__dirname, "../../../golden", name), "utf8");
  return [...text.matchAll(/^--- PEER \d+ (\S+) (\S+)\n\{.*\}\n(.*)$/gm)].map(([, method, path, form]) => ({
    method: method as string,
    path: path as string,
    form: form as string,
    params: new URLSearchParams(form),
  }));
}

/**
 * The form as ours sends it, which differs on purpose: each address by itself, since a joined list is one address to
 * the original, and no metadata as `{}`.
 */
export function asOurs(form: string): string {
  return form
    .replace(/^addrs=([^&]*)/, (_all, addrs: string) =>
      addrs
        .split("%2C")
        .map((addr) => `addrs=${addr}`)
        .join("&"),
    )
    .replace("metadata=null", "metadata=%7B%7D");
}
