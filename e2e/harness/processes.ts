import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

export const ROOT = join(__dirname, "../..");

export interface ProcessPlan {
  /** In front of its lines when a test fails. */
  readonly name: string;
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** Its whole environment, beside PATH and HOME. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: the root of the repository. */
  readonly cwd?: string;
  /** Makes it the leader of a process group, as a terminal does. Default false. */
  readonly group?: boolean;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** When this process heard of it, on the clock of `performance.now()`. */
  readonly at: number;
}

/** A process that a test has started. */
export class RunningProcess {
  /** Everything it has written so far, both streams in the order they arrived. */
  output = "";
  /** What it has written to stderr so far. */
  errors = "";
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;

  constructor(private readonly plan: ProcessPlan) {
    const [program, ...args] = plan.command;
    this.child = spawn(program, args, {
      cwd: plan.cwd ?? ROOT,
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...plan.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: plan.group ?? false,
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.errors += text;
    });
    this.exited = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("exit", (code, signal) => resolve({ code, signal, at: performance.now() }));
    });
    this.exited.catch(() => {});
  }

  get name(): string {
    return this.plan.name;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends a signal to the process. */
  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal to the whole group, as Ctrl-C in a terminal does. Only for one started with `group`. */
  killGroup(signal: NodeJS.Signals): void {
    process.kill(-this.pid, signal);
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.kill(signal);
    return this.exited;
  }

  /** Ends it, and its group, whatever it does. For the end of a test. */
  async destroy(): Promise<void> {
    if (this.plan.group && this.child.pid !== undefined) killQuietly(-this.child.pid);
    if (this.running) this.kill("SIGKILL");
    await this.exited.catch(() => {});
  }
}

/** Starts processes for a test, and ends them after it. When it failed, what they wrote is printed. */
export function useProcesses() {
  const started: RunningProcess[] = [];

  afterEach(async () => {
    const ended = started.splice(0);
    await Promise.all(ended.map((running) => running.destroy()));
    if ((globalThis as { testFailed?: boolean }).testFailed) {
      for (const { name, output } of ended)
        process.stderr.write(output.replaceAll(/^/gm, `${name} | `) + "\n");
    }
  });

  return {
    start(plan: ProcessPlan): RunningProcess {
      const running = new RunningProcess(plan);
      started.push(running);
      return running;
    },
  };
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
