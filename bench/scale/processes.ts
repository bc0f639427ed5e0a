import { fork } from "node:child_process";
import { join } from "node:path";
import { Child } from "../harness/child";
import { REGISTRY_MAIN, freePort, listens, metricOf } from "../harness/registry-process";
import type { Tasks } from "./load-process";
import type { Plan } from "./plan";

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
    const child = fork(REGISTRY_MAIN, flags, {
      execArgv: ["--expose-gc", "--require", join(__dirname, "inside.cjs"), ...extraFlags()],
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    const server = new ServerProcess(port, new Child("the registry", child));
    await listens(port);
    return server;
  }

  /** @param collect collects garbage first, so that only what is in use counts. */
  inside(collect = false): Promise<Inside> {
    return this.child.ask({ collect });
  }

  /** A figure of /metrics. */
  metric(name: string): Promise<number> {
    return metricOf(this.port, name);
  }

  end(): Promise<void> {
    return this.child.end();
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
