export { CodedError, badParameter, missingParameter, showValue } from "./coded-error";
export { codes, codeText, isCode } from "./codes";
export type { Code } from "./codes";
export { DATA_HEAD, DATA_TAIL, encodeEnvelope, parseEnvelope, parseExactEnvelope } from "./envelope";
export type { Envelope, ExactEnvelope } from "./envelope";
export {
  STATUS_UP,
  STATUS_WAITING,
  decodeInstance,
  decodeInstancesInfo,
  decodeListedInfo,
  decodeScheduler,
  encodeAroundRenew,
  encodeInstance,
  encodeMetadata,
  encodeScheduler,
  metadataOf,
} from "./instance";
export type {
  Instance,
  InstanceKey,
  InstancesInfo,
  ListedInstance,
  Metadata,
  Scheduler,
  Status,
  ZoneStrategy,
} from "./instance";
export { splitJsonArray, splitJsonObject } from "./json-object";
export { parseExact } from "./parse-exact";
export type { ExactJson, ReadTimestamp } from "./parse-exact";
export { parseWithTimestamps } from "./parse-with-timestamps";
export { routes } from "./routes";
export type { Args, Param, ParamKind, Params, Route, RouteName } from "./routes";
export {
  TimestampSource,
  ceilToGrid,
  nextOnGrid,
  parseInt64,
  timestampFrom,
  timestampFromMs,
  timestampToMs,
  timestampToSeconds,
} from "./timestamp";
export type { Timestamp } from "./timestamp";
export {
  DEFAULT_NODE,
  DEFAULT_WEIGHT,
  INFRA_APPID,
  LEASE_TTL_MS,
  MAX_APPIDS,
  MAX_RENEWALS,
  POLL_WAIT_MS,
  RENEW_INTERVAL_MS,
  STATUS_CODE_HEADER,
  TIMEOUT_HEADER,
} from "./well-known";
