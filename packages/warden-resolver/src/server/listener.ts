import { createServer, type AddressInfo, type ListenOptions, type Socket } from "node:net";
import { addressText, type ListenAddress } from "./listen-address";

/** An open port. */
export interface Listener {
  /** Where it listens, with the port it really has. */
  readonly address: ListenAddress;
  /** Takes no further connections; those that are open stay. */
  close(): void;
}

/**
 * Listens, and hands over each connection. grpc-js could listen itself, but then could not stop listening without
 * closing its connections in the same moment.
 */
export function listen(address: ListenAddress, onConnection: (socket: Socket) => void): Promise<Listener> {
  const server = createServer(onConnection);
  const options: ListenOptions =
    address.kind === "unix"
      ? { path: address.path }
      : { host: address.host.replace(/[[\]]/g, ""), port: address.port };
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(explained(error, address)));
    server.listen(options, () => {
      server.removeAllListeners("error").on("error", ignoreAcceptError);
      resolve({ address: boundTo(address, server.address()), close: () => void server.close() });
    });
  });
}

function boundTo(asked: ListenAddress, bound: AddressInfo | string | null): ListenAddress {
  return asked.kind === "tcp" && typeof bound === "object" && bound ? { ...asked, port: bound.port } : asked;
}

// One connection that could not be accepted, for example for want of file descriptors. The next may succeed.
function ignoreAcceptError(): void {}

const reasons: ReadonlyMap<string | undefined, string> = new Map([
  ["EADDRINUSE", "it is in use by another process"],
  ["EACCES", "this user may not use it"],
  ["EADDRNOTAVAIL", "this machine has no such address"],
  ["ENOTFOUND", "there is no such host"],
]);

function explained(error: NodeJS.ErrnoException, address: ListenAddress): Error {
  const reason = reasons.get(error.code) ?? error.message;
  return new Error(
    `cannot listen on ${addressText(address)}: ${reason}; choose another with the option grpc or the environment variable GRPC, ` +
      `for example GRPC=tcp://0.0.0.0:9001`,
    { cause: error },
  );
}
