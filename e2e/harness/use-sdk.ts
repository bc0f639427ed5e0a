import { Discovery, type DiscoveryConfig, type DiscoveryOptions } from "@discoveryd/naming-sdk";
import { useProcesses, type RunningProcess } from "./processes";

/** What an instance is registered with, beside its app. */
export const addrs = ["grpc://127.0.0.1:9000"];

/** The instances of an app that a client is shown: always the latest, and whether there ever were none. */
export interface Followed {
  /** The host names, in order. */
  shown(): string[];
  /** It was shown with instances once, and then without any. */
  wasEmptied(): boolean;
  /** Asks the registry now. */
  refresh(): void;
}

/** Clients of the SDK for the tests of a file, in this process and in others; all end with the test. */
export function useSdk() {
  const processes = useProcesses();
  const clients: Discovery[] = [];

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  return {
    client(config: DiscoveryConfig, options?: DiscoveryOptions): Discovery {
      const client = new Discovery({ renewIntervalMs: 1_000, ...config }, options);
      clients.push(client);
      return client;
    },

    /** Runs sdk-process.js. `jumpMs`: how far its clock jumps at SIGUSR2. */
    process(name: string, appid: string, nodes: string, jumpMs = 0): RunningProcess {
      return processes.start({
        name,
        command: [
          process.execPath,
          "--require",
          `${__dirname}/shifted-clock.js`,
          `${__dirname}/sdk-process.js`,
        ],
        env: {
          ...{ APPID: appid, HOSTNAME: name, DISCOVERY_NODES: nodes, DISCOVERY_RENEW_INTERVAL: "1s" },
          CLOCK_JUMP_MS: String(jumpMs),
        },
      });
    },
  };
}

/** Follows an app; resolves with the first answer. */
export async function follow(client: Discovery, appid: string): Promise<Followed> {
  const resolver = client.build(appid);
  let names: string[] = [];
  let hadSome = false;
  let emptied = false;
  resolver.onChange(({ instances }) => {
    names = [...instances.values()].flat().map(({ hostname }) => hostname);
    if (hadSome && names.length === 0) emptied = true;
    hadSome ||= names.length > 0;
  });
  await resolver.ready();
  return {
    shown: () => [...names].sort(),
    wasEmptied: () => emptied,
    refresh: () => resolver.refresh(),
  };
}
