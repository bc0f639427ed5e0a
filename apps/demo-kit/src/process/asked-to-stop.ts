/** What `askedToStop` needs of a process. */
export interface StoppableProcess {
  on(event: string, listener: () => void): unknown;
  exit(code: number): void;
}

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Resolves with the reason when the process is first asked to end: by SIGTERM, SIGINT (Ctrl-C), SIGHUP (the terminal
 * is gone), or because the process that started it with an IPC channel is no longer there. Without such a channel the
 * last never happens. A second signal ends the process at once.
 */
export function askedToStop(proc: StoppableProcess = process): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    for (const [signal, number] of Object.entries(SIGNALS)) {
      proc.on(signal, () => {
        if (asked) proc.exit(128 + number);
        asked = true;
        resolve(signal);
      });
    }
    proc.on("disconnect", () => {
      asked = true;
      resolve("the parent process is gone");
    });
  });
}
