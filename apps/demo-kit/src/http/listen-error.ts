import { formatAddress, type Address } from "../settings/address";

const reasons: ReadonlyMap<string | undefined, string> = new Map([
  ["EADDRINUSE", "another process uses it"],
  ["EADDRNOTAVAIL", "it is no address of this machine"],
  ["EACCES", "this user may not"],
]);

/** Why an address could not be listened on, and which setting changes it, in one line. */
export function listenError(address: Address, changedBy: string, cause: NodeJS.ErrnoException): Error {
  const reason = reasons.get(cause.code) ?? cause.message;
  return new Error(`cannot listen on ${formatAddress(address)}: ${reason}; change ${changedBy}`, { cause });
}
