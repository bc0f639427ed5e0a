import { parseWithTimestamps, type InstanceKey, type Route, type Scheduler } from "@discoveryd/protocol";
import type { FakeClock } from "@discoveryd/runtime/testing";

/** A request as a client makes it: all parameters in the query, as kratos v2 sends them. */
export interface WireCall {
  readonly route: Route;
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An envelope as it was read. Timestamps that a double cannot carry are strings. */
export interface Reply {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
  /** Of `polls`: the apps that do not exist. */
  readonly missing: readonly string[];
}

/** A poll under way. */
export interface OpenPoll {
  /** Its answer, once that has come. */
  readonly reply: Reply | undefined;
  /** When its answer came, in milliseconds of the node's monotonic clock. */
  readonly repliedAt: number | undefined;
}

/** What is left of a node that was closed: all 0 when nothing leaks. */
export interface Leftovers {
  readonly waiters: number;
  readonly timers: number;
  readonly bugs: number;
}

/** A registry node that a model drives, with a clock of its own. */
export interface NodeUnderTest {
  readonly clock: FakeClock;
  /** Under which key the node has registered itself. */
  readonly self: InstanceKey;
  /** How many instances it holds. */
  readonly size: number;
  /** Polls are answered in the very state that woke them: no other request comes between. */
  readonly exact: boolean;
  /** Sends calls back to back, and resolves with all answers. */
  calls(calls: readonly WireCall[]): Promise<Reply[]>;
  /** Resolves when the poll hangs, or is answered. */
  poll(call: WireCall): Promise<OpenPoll>;
  /** Ends polls as a client does that has gone; resolves when the node has noticed. */
  hangUp(polls: readonly OpenPoll[]): Promise<void>;
  /** Resolves when these polls are answered, or (with a poll still open) when it is clear that they will not be. */
  settle(awaited: readonly OpenPoll[]): Promise<void>;
  schedule(env: string, appid: string, scheduler: Scheduler | undefined): void;
  close(): Promise<Leftovers>;
}

/** The target of a request line. */
export function targetOf({ route, params }: WireCall): string {
  const query = params.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return query === "" ? route.path : `${route.path}?${query}`;
}

/** Reads an envelope. Throws when the text is none. */
export function readReply(text: string): Reply {
  const { code, message, data, error } = parseWithTimestamps(text) as Partial<Reply> & {
    error?: { "-404": string[] | null };
  };
  if (typeof code !== "number" || typeof message !== "string") throw new Error(`no envelope: ${text}`);
  return { code, message, data, missing: error?.["-404"] ?? [] };
}
