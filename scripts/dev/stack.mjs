import { spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";

const LAST_LINES = 15;
// A server drains and its calls finish within this; what is still there then does not listen.
const PATIENCE_MS = 10_000;

/** The processes that run, in the order they were started. */
export class Stack {
  #printer;
  #onUnexpectedEnd;
  #children = [];
  #stopping = false;

  /** A process ended without being asked to. */
  failed = false;

  constructor({ printer, onUnexpectedEnd }) {
    this.#printer = printer;
    this.#onUnexpectedEnd = onUnexpectedEnd;
    // Whatever ends this process early takes the others along.
    process.on("exit", () => this.#signalAll("SIGKILL"));
  }

  start(plans) {
    this.#children.push(plans.map((plan) => this.#spawn(plan)));
  }

  /** Stops what was started last first, each step once the one after it has ended. */
  async stop() {
    this.#stopping = true;
    for (const step of this.#children.reverse()) await Promise.all(step.map((child) => this.#end(child)));
  }

  #spawn({ name, main, env }) {
    const running = spawn(process.execPath, [main], {
      env,
      // The IPC channel closes when this process dies, whatever of: that tells the others to end.
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      // A group of its own: Ctrl-C reaches this process alone, which then ends the others in their order.
      detached: true,
    });
    const child = { name, running, lastLines: [] };
    child.ended = new Promise((resolve) => running.once("close", resolve));
    for (const stream of [running.stdout, running.stderr]) {
      createInterface({ input: stream }).on("line", (line) => this.#heard(child, line));
    }
    this.#printer.say(`${name} starts (pid ${running.pid})`);
    running.once("error", (error) => this.#heard(child, String(error)));
    running.once("close", (code, signal) => this.#ended(child, signal ?? `status ${code}`));
    return child;
  }

  #heard(child, line) {
    child.lastLines.push(line);
    if (child.lastLines.length > LAST_LINES) child.lastLines.shift();
    this.#printer.print(child.name, line);
  }

  #ended(child, how) {
    if (this.#stopping) return;
    this.#printer.say(`${child.name} ended with ${how}; the last it said:`);
    for (const line of child.lastLines) this.#printer.print(child.name, line);
    this.failed = true;
    this.#onUnexpectedEnd();
  }

  async #end(child) {
    if (!isRunning(child)) return;
    child.running.kill("SIGTERM");
    const timer = setTimeout(() => {
      this.#printer.say(`${child.name} does not end: killed`);
      child.running.kill("SIGKILL");
    }, PATIENCE_MS);
    await child.ended;
    clearTimeout(timer);
  }

  #signalAll(signal) {
    for (const child of this.#children.flat()) if (isRunning(child)) child.running.kill(signal);
  }
}

function isRunning({ running }) {
  return running.exitCode === null && running.signalCode === null;
}
