// Loaded into the registry's process with --require: says how much memory it uses, and for how long at a stretch its
// event loop is busy. Asked over the IPC channel, so that the figures are the process's own.
const { readFileSync } = require("node:fs");

const LOOK_MS = 2;
/** Linux's account of the main thread: nanoseconds on a processor, and waiting for one. */
const ACCOUNT = `/proc/self/task/${process.pid}/schedstat`;

let late = [];
let busy = [];
let last = look();

setInterval(() => {
  const now = look();
  late.push(Math.max(0, now.at - last.at - LOOK_MS));
  busy.push(now.busyMs - last.busyMs);
  last = now;
}, LOOK_MS).unref();

process.on("message", ({ id, collect }) => {
  if (collect) for (let i = 0; i < 3; i++) globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const cpuMs = (user + system) / 1e3;
  const loop = { late: summary(late), busy: summary(busy) };
  process.send({ id, rss, used: heapUsed + external, cpuMs, waitedMs: look().waitedMs, loop });
  // What the collection has cost does not count.
  setImmediate(() => {
    late = [];
    busy = [];
    last = look();
  });
});

function look() {
  const [busyNs, waitedNs] = readFileSync(ACCOUNT, "latin1").split(" ");
  return { at: performance.now(), busyMs: busyNs / 1e6, waitedMs: waitedNs / 1e6 };
}

function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0, maxMs: sorted.at(-1) ?? 0 };
}
