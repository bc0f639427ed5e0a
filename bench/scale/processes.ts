import { fork, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { Tasks } from "./load-process";
import type { Plan } from "./plan";
import { Wire } from "./wire";

/** What the registry's process says of itself. */
export interface Inside {
  readonly rss: number;
  /** JavaScript objects, and buffers outside the heap. */
  readonly used: number;
  /** What all its threads have used of the processors since it started. */
  readonly cpuMs: number;
  /** How long its main thread could have run, but other processes did. */
  readonly waitedMs: number;
  /** The event loop since the last time this was asked. */
  readonly loop: {
    /** How late a timer was: what a client would notice, whatever the machine did meanwhile. */
    readonly late: Extremes;
    /** The time on a processor between two looks: what the registry itself does at a stretch, however busy the machine is. */
    readonly busy: Extremes;
  };
}

export interface Extremes {
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** An end takes at most so long. */
const PATIENCE_MS = 10_000;
const ROOT = join(__dirname, "../..");

/** A child process that answers messages by their id. It ends when this one does. */
class Child {
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (error: Error) => void }
  >();
  private nextId = 0;

  constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.on("message", (message: { id: number; error?: string; result?: unknown }) => {
      const { resolve, reject } = this.waiting.get(message.id) ?? {};
      this.waiting.delete(message.id);
      if (message.error === undefined) resolve?.(message as never);
      else reject?.(new Error(`${name}: ${message.error}`));
    });
    child.on("exit", (code) => {
      for (const { reject } of this.waiting.values()) reject(new Error(`${name} ended with code ${code}`));
    });
  }

  ask<T>(message: object): Promise<T> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.child.send({ id, ...message });
    });
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    // In order first: that is when a profile is written.
    this.child.kill("SIGTERM");
    const cut = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE_MS);
    await ended;
    clearTimeout(cut);
  }
}

/** The registry, in a process of its own, as it is shipped. */
export class ServerProcess {
  private constructor(
    readonly port: number,
    private readonly child: Child,
  ) {}

  static async start(): Promise<ServerProcess> {
    const port = await freePort();
    const addr = `127.0.0.1:${port}`;
    const flags = ["--httpserver.addr", addr, "--nodes", addr, "--log.level", "warn"];
    const child = fork(join(ROOT, "packages/registry-server/dist/main.js"), flags, {
      execArgv: ["--expose-gc", "--require", join(__dirname, "inside.cjs"), ...extraFlags()],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const server = new ServerProcess(port, new Child("the registry", child));
    await server.answers();
    return server;
  }

  /** @param collect collects garbage first, so that only what is in use counts. */
  inside(collect = false): Promise<Inside> {
    return this.child.ask({ collect });
  }

  /** A figure of /metrics. */
  async metric(name: string): Promise<number> {
    const { body } = await request(`http://127.0.0.1:${this.port}/metrics`);
    return Number(new RegExp(`^${name} (.*)$`, "m").exec(await body.text())?.[1]);
  }

  end(): Promise<void> {
    return this.child.end();
  }

  private async answers(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const wire = await Wire.open(this.port).catch(() => undefined);
      wire?.destroy();
      if (wire) return;
      await sleep(50);
    }
    throw new Error("the registry does not listen");
  }
}

/** A process that makes load. */
export class LoadProcess {
  private readonly child: Child;

  constructor(name: string, plan: Plan, port: number) {
    this.child = new Child(
      name,
      fork(join(__dirname, "load-process.ts"), [JSON.stringify(plan), String(port)]),
    );
  }

  async do<T extends keyof Tasks>(
    task: T,
    args: Parameters<Tasks[T]>[0],
  ): Promise<Awaited<ReturnType<Tasks[T]>>> {
    const { result } = await this.child.ask<{ result: Awaited<ReturnType<Tasks[T]>> }>({ task, args });
    return result;
  }

  end(): Promise<void> {
    return this.child.end();
  }
}

/** More flags for the registry's node, to look into a figure: `SCALE_NODE_FLAGS="--cpu-prof"`. */
function extraFlags(): string[] {
  return (process.env["SCALE_NODE_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
