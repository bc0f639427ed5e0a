import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import { Child } from "./child";
import { Wire } from "./wire";

export const REGISTRY_MAIN = join(__dirname, "../../packages/registry-server/dist/main.js");

export interface RegistryOptions {
  /** host:port of all nodes; the first is this one. Default: it is alone, on a free port. */
  readonly nodes?: readonly [string, ...string[]];
  readonly nodeFlags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A registry with its default configuration, in a process of its own, its log going nowhere. */
export class RegistryProcess {
  private constructor(
    readonly port: number,
    private readonly child: Child,
  ) {}

  static async start({ nodes, nodeFlags = [], env = {} }: RegistryOptions = {}): Promise<RegistryProcess> {
    const addresses = nodes ?? [`127.0.0.1:${await freePort()}`];
    const port = Number(addresses[0].split(":")[1]);
    const flags = ["--httpserver.addr", addresses[0], "--nodes", addresses.join(",")];
    const child = spawn(process.execPath, [...nodeFlags, REGISTRY_MAIN, ...flags], {
      // It ends when this process does, whatever of.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, HOSTNAME: `node-${port}`, ...env },
    });
    const registry = new RegistryProcess(port, new Child(`the registry on port ${port}`, child));
    await listens(port);
    return registry;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** A figure of /metrics, summed over its labels. */
  metric(name: string): Promise<number> {
    return metricOf(this.port, name);
  }

  end(): Promise<void> {
    return this.child.end();
  }
}

/** Resolves when something accepts connections there. Rejects after 30 s. */
export async function listens(port: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const wire = await Wire.open(port).catch(() => undefined);
    wire?.destroy();
    if (wire) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port} after 30 s`);
}

/** A figure of a registry's /metrics, summed over its labels; NaN when there is none of that name. */
export async function metricOf(port: number, name: string): Promise<number> {
  const { body } = await request(`http://127.0.0.1:${port}/metrics`);
  const values = [...(await body.text()).matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, "gm"))];
  return values.length === 0 ? NaN : values.reduce((sum, [, value]) => sum + Number(value), 0);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
