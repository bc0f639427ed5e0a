import type { Clock, Random } from "@discoveryd/runtime";
import type { Wire } from "../wire";

/** What every stand-in is given. */
export interface StandInOptions {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly env: string;
  readonly zone: string;
  /** The host name it gives. */
  readonly hostname: string;
  /** The app it registers under. */
  readonly appid: string;
  /** The app it watches. */
  readonly watched: string;
}

/**
 * Speaks to the registry as a client in use today does, word for word, and takes its answers as that client does, with
 * its weaknesses. `close` ends its loops.
 */
export interface StandIn {
  /** Reaches the registry and begins to watch. Resolves when the client's constructor would return. */
  start(): Promise<void>;
  /** Registers `addresses`, and renews from then on. */
  register(): Promise<void>;
  /** Takes the registration back. */
  cancel(): Promise<void>;
  /** The addresses of the watched app that it would call, in order. */
  readonly seen: readonly string[];
  close(): void;
}

export type StandInClass = new (options: StandInOptions) => StandIn;

/** What stand-ins register: two addresses, a version, metadata. */
export const addresses = ["http://127.0.0.1:8000", "grpc://127.0.0.1:9000"];
export const version = "v1";
export const weight = "10";

/** How often clients renew, in milliseconds. */
export const HEARTBEAT_MS = 30_000;

/** Names and values as Go's and Python's forms write them: in order of name, percent-encoded. */
export function formOf(params: Readonly<Record<string, string | readonly string[]>>): string {
  return Object.keys(params)
    .sort()
    .flatMap((name) => [params[name] as string | readonly string[]].flat().map((value) => [name, value]))
    .map((pair) => pair.map((text) => encodeURIComponent(text as string).replaceAll("%20", "+")).join("="))
    .join("&");
}
