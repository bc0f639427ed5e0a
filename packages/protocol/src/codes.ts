/** What an answer's `code` can be. Everything under `/discovery/` is HTTP 200; this number tells the outcome. */
export const codes = {
  /** Done. */
  ok: 0,
  /** A long poll ran out without news. Never an error. */
  notModified: -304,
  /** A parameter is missing or wrong; the message names it. */
  badRequest: -400,
  /** Not authenticated. */
  unauthorized: -401,
  /** Authenticated, but not allowed. */
  forbidden: -403,
  /** No such instance or app. To a renew: register again. */
  notFound: -404,
  /** Replication conflict: the receiver's copy is newer, and `data` carries it. */
  conflict: -409,
  /** Unexpected. */
  internal: -500,
  /** Starting up: reads are protected until the first sync. */
  unavailable: -503,
  /** Over a limit (connections, rate). */
  limited: -509,
} as const;

export type Code = (typeof codes)[keyof typeof codes];

const texts: ReadonlyMap<number, string> = new Map<number, string>([
  [codes.ok, "ok"],
  [codes.notModified, "not modified"],
  [codes.badRequest, "bad parameter"],
  [codes.unauthorized, "not authenticated"],
  [codes.forbidden, "not allowed"],
  [codes.notFound, "no such instance or app"],
  [codes.conflict, "the receiver's copy is newer"],
  [codes.internal, "unexpected error"],
  [codes.unavailable, "starting up"],
  [codes.limited, "over a limit"],
]);

/** A few words for people: `no such instance or app` for -404; `code N` for a number not in the table. */
export function codeText(code: number): string {
  return texts.get(code) ?? `code ${code}`;
}

export function isCode(value: number): value is Code {
  return texts.has(value);
}
