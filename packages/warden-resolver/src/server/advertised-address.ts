import { networkInterfaces } from "node:os";
import type { ListenAddress } from "./listen-address";

type Interfaces = ReturnType<typeof networkInterfaces>;

/**
 * The `grpc://` address to register for a server listening on `listening`: the `advertisedIp` when there is one, else
 * the address listened on. One that stands for all addresses (0.0.0.0, ::) is nowhere to connect to: then it is the
 * first IPv4 address of this machine that others can reach, and 127.0.0.1 on a machine with none.
 */
export function advertisedAddress(
  listening: ListenAddress,
  advertisedIp: string | undefined,
  interfaces: Interfaces = networkInterfaces(),
): string {
  if (listening.kind === "unix") {
    throw new Error(`register: others cannot reach ${listening.path}, listen on tcp or pass addrs`);
  }
  const host = advertisedIp ?? (isAnyAddress(listening.host) ? firstReachable(interfaces) : listening.host);
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `grpc://${bracketed}:${listening.port}`;
}

function isAnyAddress(host: string): boolean {
  return host === "0.0.0.0" || host === "[::]";
}

function firstReachable(interfaces: Interfaces): string {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
