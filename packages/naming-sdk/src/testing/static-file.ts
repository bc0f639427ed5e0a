import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { LiveResolver, checkBuildOptions, select } from "../index";
import type { BuildOptions, Builder, Instance, Resolver } from "../index";

/** Apps from a JSON file such as `{"demo.service": ["grpc://10.0.0.5:9000"]}`, read again whenever it changes. */
export class StaticFile implements Builder {
  readonly scheme = "file";

  constructor(
    private readonly path: string,
    private readonly zone = "zone01",
  ) {}

  build(appid: string, options: BuildOptions = {}): Resolver {
    checkBuildOptions(options);
    const read = () => resolver.accept({ instances: new Map([[this.zone, this.read(appid)]]), lastTs: 1n });
    const resolver = new LiveResolver({
      describe: () => `app ${appid} in ${this.path}`,
      select: (info) => select(info, options, { zone: this.zone, clientId: String(process.pid) }),
      required: options.required ?? false,
      refresh: read,
      onClose: () => unwatchFile(this.path, read),
    });
    watchFile(this.path, { persistent: false, interval: 1_000 }, read);
    read();
    return resolver;
  }

  private read(appid: string): Instance[] {
    const apps = new Map(
      Object.entries(JSON.parse(readFileSync(this.path, "utf8")) as Record<string, string[]>),
    );
    return (apps.get(appid) ?? []).map((addr) => ({
      ...{ region: "", zone: this.zone, env: "", version: "", metadata: new Map(), status: 1, lastTs: 1n },
      ...{ appid, hostname: addr, addrs: [addr] },
    }));
  }
}
