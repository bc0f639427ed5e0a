import { DemoClient } from "@discoveryd/demo-proto";
import { Discovery } from "@discoveryd/naming-sdk";
import { resolver, WardenClient } from "@discoveryd/warden-resolver";

/** Finds apps at the registry and calls them, in the test's own process: what its calls meet is seen one by one. */
export class Caller {
  constructor(
    private readonly naming: Discovery,
    private readonly warden: WardenClient,
  ) {
    resolver.set(naming);
  }

  /** Resolves once an instance of the app is connected. `query` is that of the target. */
  dial(appid = "demo.service", query = ""): Promise<DemoClient> {
    return this.warden.dial(`discovery://default/${appid}${query}`, DemoClient);
  }

  /** The timestamp of the app's last news, once it is known. */
  async lastTs(appid: string): Promise<bigint> {
    const watched = this.naming.build(appid);
    await watched.ready();
    const lastTs = watched.fetch()?.lastTs ?? 0n;
    watched.close();
    return lastTs;
  }

  async close(): Promise<void> {
    this.warden.close();
    await this.naming.close();
  }
}

/** Callers for the tests of a file, closed after each. `nodes` are the registry's, `host:port` each. */
export function useCaller(): (nodes: readonly string[]) => Caller {
  const started: Caller[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((caller) => caller.close()));
  });
  return (nodes) => {
    // A busy machine is not what these tests are about: no call ends because it is slow.
    const warden = new WardenClient({ timeout: "10s", dial: "30s" });
    const caller = new Caller(new Discovery({ nodes, host: "test" }), warden);
    started.push(caller);
    return caller;
  };
}
