/** The other side of PollLoad: connections that poll, and one that asks for something small meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { answerParent } from "./child";
import { quantile } from "./statistics";
import { getRequest, Wire } from "./wire";

/** What it can be asked. */
export interface Tasks {
  /** Opens so many connections. */
  open(args: { port: number; host?: string | undefined; count: number }): Promise<void>;
  /** Sends the same poll on each of them. Its answer must not come before this resolves. */
  poll(args: { target: string }): void;
  /** Resolves when all polls are answered. */
  answered(args: object): Promise<Answered>;
  /** Sends a request each 2 ms on a connection of its own, until `probed` is asked. */
  probe(args: { port: number; host?: string | undefined; request: string }): Promise<void>;
  /** The longest that one of them took, in milliseconds. */
  probed(args: object): Promise<number>;
}

/** When the first, the median and the last client had its answer, on the clock of `clockMs`. */
export interface Answered {
  readonly first: number;
  readonly median: number;
  readonly last: number;
}

// So many connections are opened at once.
const OPENING = 50;
const PROBE_MS = 2;

const wires: Wire[] = [];
let answers: Promise<number>[] = [];
let isProbing = false;
let probing: Promise<number> = Promise.resolve(0);

const tasks: Tasks = {
  async open({ port, host, count }) {
    while (wires.length < count) {
      const missing = Math.min(OPENING, count - wires.length);
      wires.push(...(await Promise.all(Array.from({ length: missing }, () => Wire.open(port, host)))));
    }
  },

  poll({ target }) {
    const request = Buffer.from(getRequest(target));
    answers = wires.map((wire) => answerTime(wire, request));
    // Who asks `answered` is told.
    for (const answer of answers) answer.catch(() => undefined);
  },

  async answered() {
    const times = await Promise.all(answers);
    return { first: quantile(times, 0), median: quantile(times, 0.5), last: quantile(times, 1) };
  },

  async probe({ port, host, request }) {
    const wire = await Wire.open(port, host);
    isProbing = true;
    probing = probeOn(wire, Buffer.from(request));
    probing.catch(() => undefined);
  },

  probed() {
    isProbing = false;
    return probing;
  },
};

answerParent(({ task, args }: { task: keyof Tasks; args: never }) => tasks[task](args));

function answerTime(wire: Wire, request: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    wire.exchange(request, (error, answer) => {
      // A poll that has run out is no news. A server that is no registry says no code.
      if (!answer || answer.code < 0) reject(error ?? new Error(`a poll was answered ${answer?.tail}`));
      else resolve(answer.at);
    });
  });
}

async function probeOn(wire: Wire, request: Buffer): Promise<number> {
  let worst = 0;
  while (isProbing) {
    const start = performance.now();
    await answerTime(wire, request);
    worst = Math.max(worst, performance.now() - start);
    await sleep(PROBE_MS);
  }
  wire.destroy();
  return worst;
}
