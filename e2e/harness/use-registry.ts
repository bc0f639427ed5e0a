import { freePort } from "./free-ports";
import { ROOT, useProcesses } from "./processes";
import { ClusterNode } from "./use-cluster";
import { useHttp } from "./use-http";

/** Registries of one node for the tests of a file; all end with the test. `env` goes over what it gets anyway. */
export function useRegistry(): (env?: NodeJS.ProcessEnv, zone?: string) => Promise<ClusterNode> {
  const processes = useProcesses();
  const http = useHttp();
  return async (env = {}, zone = "zone01") => {
    const launch = ({ name, addr }: ClusterNode) =>
      processes.start({
        name,
        command: [process.execPath, `${ROOT}/packages/registry-server/dist/main.js`],
        env: {
          ...{ HOSTNAME: name, ZONE: zone, DISCOVERYD_HTTPSERVER_ADDR: addr, DISCOVERY_NODES: addr },
          ...{ DISCOVERYD_LOG_LEVEL: "warn", ...env },
        },
      });
    const node = new ClusterNode("registry", zone, await freePort(), http, launch);
    await node.start();
    return node;
  };
}
