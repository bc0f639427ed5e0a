import { timestampFromMs } from "@discoveryd/protocol";
import { systemClock, type Clock } from "@discoveryd/runtime";
import type { BuildOptions, Builder, Instance, Resolver } from "./naming";
import { checkBuildOptions, select } from "./select/select";
import { LiveResolver } from "./watch/live-resolver";

/** The zone of all fixed addresses. */
const ZONE = "direct";

/**
 * Fixed addresses instead of an app, scheme `direct`: the appid is their list, separated by commas, as in
 * `direct://default/127.0.0.1:9000,127.0.0.1:9001`. An address without a scheme is `grpc`.
 */
export class Direct implements Builder {
  readonly scheme = "direct";

  constructor(private readonly options: { readonly clock?: Clock } = {}) {}

  /** Throws an Error that quotes what is no address. */
  build(addresses: string, options: BuildOptions = {}): Resolver {
    checkBuildOptions(options);
    const lastTs = timestampFromMs((this.options.clock ?? systemClock).now());
    const instances = addresses.split(",").map((address) => instanceAt(address.trim(), addresses, lastTs));
    const resolver = new LiveResolver({
      describe: () => `fixed addresses ${addresses}`,
      select: (info) => select(info, options, { zone: ZONE, clientId: String(process.pid) }),
    });
    resolver.accept({ instances: new Map([[ZONE, instances]]), lastTs });
    return resolver;
  }
}

function instanceAt(address: string, all: string, lastTs: bigint): Instance {
  const addr = address.includes("://") ? address : `grpc://${address}`;
  const [, port] = /^[a-z][a-z0-9+.-]*:\/\/(?:\[[0-9a-f:.]+\]|[^\s/:@]+):(\d{1,5})$/i.exec(addr) ?? [];
  if (!(Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new Error(`direct addresses ${JSON.stringify(all)}: ${JSON.stringify(address)} is not host:port`);
  }
  const place = { region: "", zone: ZONE, env: "", appid: all, hostname: address };
  return { ...place, addrs: [addr], version: "", metadata: new Map(), status: 1, lastTs };
}
