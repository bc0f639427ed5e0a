import { setInterval } from "node:timers";

// npm's shell dies of a SIGTERM to npm without passing it on, and nobody tells its child.
const PARENT_CHECK_MS = 200;

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** Resolves when the process is told to stop, or when the process that started it is gone. A second signal ends it at once. */
export function stopReason(process) {
  return new Promise((resolve) => {
    let told = false;
    for (const [signal, number] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (told) process.exit(128 + number);
        told = true;
        resolve(signal === "SIGINT" ? "Ctrl-C" : signal);
      });
    }
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve("the process that started this one is gone");
    }, PARENT_CHECK_MS);
    timer.unref();
  });
}
