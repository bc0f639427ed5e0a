import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "./until";
import type { LogLine } from "./use-node";

const MAIN = join(__dirname, "../../dist/main.js");

/** The longest a process may take to start or end, in milliseconds: a machine may be busy with others. */
const PATIENCE_MS = 60_000;

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A discoveryd of its own process. */
export class TestProcess {
  out = "";
  err = "";
  exit: Exit | undefined;

  constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.out += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.err += text));
    // After the streams are closed: all it has said is here.
    child.on("close", (code, signal) => (this.exit = { code, signal }));
  }

  /** What it has logged to its standard output, parsed. */
  get logs(): LogLine[] {
    const lines = this.out.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Resolves with host:port when it answers. */
  async up(): Promise<string> {
    const line = () => this.logs.find(({ msg }) => msg === "discoveryd is up");
    await until(
      "discoveryd is up",
      () => {
        if (this.exit) throw new Error(`it has ended: ${this.err}${this.out}`);
        return line() !== undefined;
      },
      PATIENCE_MS,
    );
    return String(line()?.["addr"]);
  }

  async ended(): Promise<Exit> {
    await until("the process ends", () => this.exit !== undefined, PATIENCE_MS);
    return this.exit as Exit;
  }
}

/** Starts discoveryd for a test, and kills what is left of it afterwards. */
export function useProcesses() {
  const started: TestProcess[] = [];
  jest.setTimeout(3 * PATIENCE_MS);

  beforeAll(() => {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: run yarn build first`);
  });

  afterEach(async () => {
    for (const { child } of started) child.kill("SIGKILL");
    for (const running of started.splice(0)) await running.ended();
  });

  /** @param prelude JavaScript that runs before it, in the same process; `dist` is the folder it is in. */
  return function run(args: readonly string[], env: NodeJS.ProcessEnv = {}, prelude = ""): TestProcess {
    const code = `const dist = ${JSON.stringify(join(MAIN, ".."))};${prelude};require(${JSON.stringify(MAIN)})`;
    const command = prelude === "" ? [MAIN] : ["-e", code, "main.js"];
    const child = spawn(process.execPath, [...command, ...args], {
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const running = new TestProcess(child);
    started.push(running);
    return running;
  };
}
