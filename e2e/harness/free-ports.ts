import { createServer } from "node:net";

// Below the ports that Linux gives to outgoing connections (32768 and up), which could take one between the look and
// the use. Started at a place of its own by each process, so that runs beside each other rarely meet.
const FIRST = 20_000;
const COUNT = 12_000;
// Test files that run at once are far from each other, too.
const WORKER = Number(process.env["JEST_WORKER_ID"] ?? 1);
let next = (process.pid * 61 + (WORKER - 1) * (COUNT / 2)) % COUNT;

/** A port of 127.0.0.1 that nobody listens on, and that no later call gives out again. */
export function freePort(): Promise<number> {
  return freePorts(1);
}

/** The first of `count` such ports one after another. */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const ports = Array.from({ length: count }, (_, index) => FIRST + next + index);
    next = (next + count) % COUNT;
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return ports[0] as number;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
