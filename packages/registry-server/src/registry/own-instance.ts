import type { Instance, Metadata } from "@discoveryd/protocol";
import { ownText } from "./own-text";
import { sameList, sameMetadata } from "./same-instance";

/**
 * The instance without what its request held besides, and with what it has in common with another one shared: of an
 * app's instances most have the same names, version and metadata.
 */
export function ownInstance(instance: Instance, like: Instance | undefined): Instance {
  return {
    ...instance,
    region: ownText(instance.region, like?.region),
    zone: ownText(instance.zone, like?.zone),
    env: ownText(instance.env, like?.env),
    appid: ownText(instance.appid, like?.appid),
    hostname: ownText(instance.hostname, like?.hostname),
    addrs:
      like && sameList(instance.addrs, like.addrs) ? like.addrs : instance.addrs.map((addr) => ownText(addr)),
    version: ownText(instance.version, like?.version),
    metadata:
      like && sameMetadata(instance.metadata, like.metadata) ? like.metadata : ownMetadata(instance.metadata),
  };
}

function ownMetadata(metadata: Metadata): Metadata {
  return new Map([...metadata].map(([key, value]) => [ownText(key), ownText(value)]));
}
