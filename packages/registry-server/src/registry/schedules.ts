import { CodedError, codes, decodeScheduler, type Scheduler } from "@discoveryd/protocol";

/** How the traffic for one app is split over zones. */
export interface Schedule {
  readonly env: string;
  readonly appid: string;
  readonly scheduler: Scheduler;
}

/**
 * A schedule from the text of its file: `{"app_id","env","clients":{"<client zone>":{"zones":{"<zone>":{"weight":N}}}},
 * "remark"}`. Throws a CodedError (-400) that says what is wrong.
 */
export function parseSchedule(text: string): Schedule {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CodedError(codes.badRequest, `not JSON: ${(error as Error).message}`, { cause: error });
  }
  const { app_id: appid, env } = (value ?? {}) as { app_id?: unknown; env?: unknown };
  if (typeof appid !== "string" || appid === "")
    throw new CodedError(codes.badRequest, "app_id: must be text");
  if (typeof env !== "string" || env === "") throw new CodedError(codes.badRequest, "env: must be text");
  return { env, appid, scheduler: decodeScheduler(value) };
}
