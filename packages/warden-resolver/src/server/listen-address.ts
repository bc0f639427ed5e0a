/** Where a server listens. */
export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Reads `tcp://0.0.0.0:9000/?timeout=1s` or `unix:///run/demo.sock?timeout=1s`. Throws an Error that quotes the text
 * and says what is allowed.
 */
export function parseListenAddress(dsn: string): {
  address: ListenAddress;
  query: ReadonlyMap<string, string>;
} {
  const [place = "", search = ""] = dsn.split("?", 2);
  const query = new Map(new URLSearchParams(search));
  const unix = /^unix:(?:\/\/)?(\/[^/].*)$/.exec(place)?.[1];
  if (unix !== undefined) return { address: { kind: "unix", path: unix }, query };
  const [, host, port] = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^\s:/[\]]*):(\d{1,5})\/?$/.exec(place) ?? [];
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw new Error(
      `grpc ${JSON.stringify(dsn)} is not valid: use tcp://host:port/?timeout=1s or unix:///path`,
    );
  }
  return { address: { kind: "tcp", host: host || "0.0.0.0", port: Number(port) }, query };
}

/** The address as people write it: `127.0.0.1:9000`, or the path of the socket. */
export function addressText(address: ListenAddress): string {
  return address.kind === "tcp" ? `${address.host}:${address.port}` : address.path;
}
