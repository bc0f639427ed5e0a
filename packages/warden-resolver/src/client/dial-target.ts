import { buildServiceConfig } from "../resolver/service-config";
import { parseTarget, type BalancerName } from "../resolver/target";
import type { ClientSettings } from "./config";

// grpc-js' own schemes: no naming back end, so no zone and no subset.
const plainSchemes: ReadonlySet<string> = new Set(["dns", "ipv4", "ipv6", "unix", "unix-abstract", "xds"]);

/** The scheme of a target for a naming back end, undefined for one that grpc-js understands by itself. */
export function namingScheme(target: string): string | undefined {
  const scheme = /^([A-Za-z0-9+.-]+):\/\//.exec(target)?.[1];
  return scheme === undefined || plainSchemes.has(scheme) ? undefined : scheme;
}

/**
 * The target with the configured zone, clusters, subset and balancer, where it does not name them itself. Direct
 * addresses are all meant: they get a balancer only. Throws an Error that quotes a target which is malformed.
 */
export function dialTarget(target: string, settings: ClientSettings): string {
  const scheme = namingScheme(target);
  if (scheme === undefined) return target;
  parseTarget(target);
  const [place = "", search = ""] = target.split("?", 2);
  const query = new URLSearchParams(search);
  const fill = (key: string, values: readonly string[]) => {
    if (query.getAll(key).some((value) => value !== "")) return;
    query.delete(key);
    for (const value of values) query.append(key, value);
  };
  if (scheme !== "direct") {
    fill("zone", settings.zone === undefined ? [] : [settings.zone]);
    fill("cluster", settings.clusters);
    fill("subset", settings.subset === undefined ? [] : [String(settings.subset)]);
  }
  fill("balancer", settings.balancer === undefined ? [] : [settings.balancer]);
  return query.size > 0 ? `${place}?${query}` : place;
}

/** The channel's service config as JSON text, undefined when the configuration asks for nothing special. */
export function serviceConfigText(target: string, settings: ClientSettings): string | undefined {
  const { outlierDetection, retry, serviceConfig } = settings;
  if (outlierDetection === undefined && retry === undefined && Object.keys(serviceConfig).length === 0) {
    return undefined;
  }
  const methodConfig = [
    ...((serviceConfig["methodConfig"] as object[] | undefined) ?? []),
    // An empty name stands for every method that no other entry names.
    ...(retry === undefined ? [] : [{ name: [{}], retryPolicy: retry }]),
  ];
  if (namingScheme(target) === undefined) return JSON.stringify({ ...serviceConfig, methodConfig });
  const balancer: BalancerName = parseTarget(target).balancer ?? "p2c";
  const policies = buildServiceConfig({ balancer, ...(outlierDetection && { outlierDetection }) });
  return JSON.stringify({ ...policies, ...serviceConfig, methodConfig });
}
