import { status as Status } from "@grpc/grpc-js";
import type { OutlierDetection } from "../resolver/service-config";
import {
  isObject,
  readDuration,
  readFields,
  readNumber,
  readObject,
  readTexts,
  readWhole,
  refused,
  type ReadField,
} from "./read-field";

// Those fields of a client's configuration that become its channels' service config.

/** A retry policy as a service config has it. */
export type RetryPolicy = Readonly<Record<string, unknown>>;

// grpc-js takes no shorter one, and none in another notation than 0.001s.
const readBackoff: ReadField<number> = (key, value) => {
  const ms = readDuration(key, value);
  if (ms >= 1) return ms;
  throw refused(key, value, "a duration from 1 ms up");
};

const readStatusNames: ReadField<readonly string[]> = (key, value) => {
  const names = readTexts(key, value);
  const isName = (name: string) => name !== "OK" && typeof Status[name as keyof typeof Status] === "number";
  if (names.length > 0 && names.every(isName)) return names;
  throw refused(key, value, "names of gRPC's status codes, such as UNAVAILABLE");
};

export const readRetry: ReadField<RetryPolicy | undefined> = (key, value) => {
  if (value === false) return undefined;
  if (value !== true && !isObject(value)) throw refused(key, value, "true, false or an object");
  const read = readFields(key, value === true ? {} : value, {
    maxAttempts: readWhole(2, 5),
    initialBackoff: readBackoff,
    maxBackoff: readBackoff,
    backoffMultiplier: readNumber(1),
    codes: readStatusNames,
  });
  return {
    maxAttempts: read.maxAttempts ?? 3,
    initialBackoff: seconds(read.initialBackoff ?? 50),
    maxBackoff: seconds(read.maxBackoff ?? 200),
    backoffMultiplier: read.backoffMultiplier ?? 2,
    retryableStatusCodes: read.codes ?? ["UNAVAILABLE"],
  };
};

const ejectionFields = {
  enforcementPercentage: readNumber(0, 100),
  minimumHosts: readWhole(0),
  requestVolume: readWhole(0),
};

export const readOutlierDetection: ReadField<OutlierDetection | true | undefined> = (key, value) => {
  if (typeof value === "boolean") return value || undefined;
  if (!isObject(value)) throw refused(key, value, "true, false or an object");
  const readEjection =
    (own: Record<string, ReadField<number>>): ReadField<object> =>
    (path, given) =>
      readFields(path, given, { ...own, ...ejectionFields });
  readFields(key, value, {
    intervalMs: readNumber(1),
    baseEjectionMs: readNumber(1),
    maxEjectionMs: readNumber(1),
    maxEjectionPercent: readNumber(0, 100),
    failurePercentage: readEjection({ threshold: readNumber(0, 100) }),
    successRate: readEjection({ stdevFactor: readNumber(0) }),
  });
  return value;
};

// What we put together with parts of our own must be lists; the rest is for grpc-js to check, at the dial.
export const readServiceConfig: ReadField<Readonly<Record<string, unknown>>> = (key, value) => {
  const config = readObject(key, value);
  for (const name of ["methodConfig", "loadBalancingConfig"]) {
    if (config[name] !== undefined && !Array.isArray(config[name]))
      throw refused(`${key}.${name}`, config[name], "a list of objects");
  }
  return config;
};

function seconds(ms: number): string {
  return `${ms / 1_000}s`;
}
