import type { Instance, Timestamp } from "@discoveryd/protocol";
import { instanceWith, key } from "../../testing/builders";
import type { Change } from "../../registry/registry";
import type { Cancel, Put, Renew } from "../operation";

/** The key of the instance of that host name. */
export function keyOfHost(hostname: string) {
  return { ...key, hostname };
}

export function put(hostname = "h1", changes: Partial<Instance> = {}): Put {
  return { kind: "put", instance: instanceWith({ hostname, ...changes }), silentMs: 0 };
}

/** What a set of one instance has made. */
export function setPut(hostname: string, change: Partial<Change>, group: object = {}): Put {
  const at = 4_000n;
  return { ...put(hostname, { dirtyTimestamp: at }), set: { change: { hostname, ...change }, at, group } };
}

export function renew(hostname = "h1", dirty: Timestamp = 4_000n, silentMs = 0): Renew {
  return { kind: "renew", key: keyOfHost(hostname), region: "sh", dirty, silentMs };
}

export function cancel(hostname = "h1", at: Timestamp = 4_000n): Cancel {
  return { kind: "cancel", key: keyOfHost(hostname), region: "sh", at };
}
