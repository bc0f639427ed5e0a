import type { Instance, InstanceKey } from "@discoveryd/protocol";
import type { Registering } from "../registry/registry";

/** The instance that tests are about. */
export const key: InstanceKey = { env: "dev", appid: "provider", zone: "sh001", hostname: "h1" };

/** An instance as it is stored, with these changes. */
export function instanceWith(changes: Partial<Instance> = {}): Instance {
  return {
    ...key,
    region: "sh",
    addrs: ["grpc://127.0.0.1:9000"],
    version: "1",
    metadata: new Map(),
    status: 1,
    regTimestamp: 1_000n,
    upTimestamp: 2_000n,
    renewTimestamp: 3_000n,
    dirtyTimestamp: 4_000n,
    latestTimestamp: 5_000n,
    ...changes,
  };
}

/** A client's register of `key`, with these changes. */
export function registering(changes: Partial<Registering> = {}): Registering {
  return {
    ...key,
    region: "sh",
    addrs: ["grpc://127.0.0.1:9000"],
    version: "1",
    metadata: new Map([["weight", "10"]]),
    status: 1,
    replicated: false,
    ...changes,
  };
}

/** The parameters of a client's register of `key`, with these changes. */
export function registerForm(
  changes: Record<string, string | string[]> = {},
): Record<string, string | string[]> {
  return {
    ...key,
    region: "sh",
    status: "1",
    addrs: "grpc://127.0.0.1:9000",
    version: "1",
    metadata: '{"weight":"10"}',
    ...changes,
  };
}
