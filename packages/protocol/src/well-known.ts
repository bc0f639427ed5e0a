/** The app id under which the registry's own nodes are registered. */
export const INFRA_APPID = "infra.discovery";

/** Where a registry listens unless told otherwise. */
export const DEFAULT_NODE = "127.0.0.1:7171";

/** A lease not renewed for this long has expired. 90 s: three missed heartbeats. */
export const LEASE_TTL_MS = 90_000;

/** How often a client renews. */
export const RENEW_INTERVAL_MS = 30_000;

/** How long a poll without news hangs. */
export const POLL_WAIT_MS = 30_000;

/** The header in which a client says how many milliseconds it waits for an answer. */
export const TIMEOUT_HEADER = "x1-bmspy-timeout";

/** The header that repeats the envelope's code. */
export const STATUS_CODE_HEADER = "kratos-status-code";

/** The most appids in one `polls` or `fetchs`. */
export const MAX_APPIDS = 1_000;

/** The most instances in one `renews`. */
export const MAX_RENEWALS = 1_000;

/** Weight of an instance whose metadata names none. */
export const DEFAULT_WEIGHT = 10;
