import type { Instance, InstancesInfo } from "@discoveryd/naming-sdk";
import type { WardenEndpoint } from "../balancer/endpoint";

export interface EndpointList {
  /** In order of address, each address once. */
  readonly endpoints: readonly WardenEndpoint[];
  /** Instances that cannot be called, and why. */
  readonly skipped: readonly { readonly hostname: string; readonly reason: string }[];
}

const defaultWeight = 10;

/**
 * One endpoint an instance: its first `grpc://` address, with its weight (default 10) and color. An instance that
 * does not take traffic, has no such address, or has the address of another one is skipped.
 */
export function toEndpoints(info: InstancesInfo): EndpointList {
  const byAddress = new Map<string, WardenEndpoint>();
  const skipped: { hostname: string; reason: string }[] = [];
  for (const instance of [...info.instances.values()].flat()) {
    const result = toEndpoint(instance);
    if (typeof result === "string") {
      skipped.push({ hostname: instance.hostname, reason: result });
    } else if (byAddress.has(result.key)) {
      skipped.push({ hostname: instance.hostname, reason: `another instance has the address ${result.key}` });
    } else {
      byAddress.set(result.key, result);
    }
  }
  return { endpoints: [...byAddress.values()].sort((a, b) => (a.key < b.key ? -1 : 1)), skipped };
}

/** Whether a balancer would see no difference. */
export function sameEndpoints(a: readonly WardenEndpoint[], b: readonly WardenEndpoint[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, i) => {
      const other = b[i];
      return one.key === other?.key && one.weight === other.weight && one.color === other.color;
    })
  );
}

function toEndpoint(instance: Instance): WardenEndpoint | string {
  if (instance.status !== 1) return "its status is not 1 (up)";
  const addr = instance.addrs.find((text) => text.startsWith("grpc://"));
  if (addr === undefined) return `it has no grpc:// address, only ${JSON.stringify(instance.addrs)}`;
  const address = parseAddress(addr);
  if (address === undefined) return `its address ${JSON.stringify(addr)} is not grpc://host:port`;
  return {
    addresses: [address],
    key: address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`,
    weight: parseWeight(instance.metadata.get("weight")),
    color: instance.metadata.get("color") ?? "",
  };
}

function parseAddress(addr: string): { host: string; port: number } | undefined {
  const match = /^grpc:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/?#\s]+)):(\d{1,5})(?:[/?].*)?$/.exec(addr);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

// As kratos reads it: what is not a number above 0 is the default. Fractions come from zone schedules.
function parseWeight(text: string | undefined): number {
  const weight = Number(text);
  return Number.isFinite(weight) && weight > 0 ? weight : defaultWeight;
}
