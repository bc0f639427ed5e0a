import { closeOnSignals } from "./signals";
import { settle } from "./testing/until";

let kill: jest.SpyInstance;

beforeEach(() => {
  kill = jest.spyOn(process, "kill").mockReturnValue(true);
});

afterEach(() => {
  kill.mockRestore();
  process.removeAllListeners("SIGTERM");
  process.removeAllListeners("SIGINT");
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s closes once, and then ends the process as it would have",
  async (signal) => {
    let closes = 0;
    closeOnSignals(async () => void closes++);
    process.emit(signal, signal);
    expect(process.listenerCount(signal)).toBe(0);
    expect(kill).not.toHaveBeenCalled();
    await settle();
    expect(closes).toBe(1);
    expect(kill).toHaveBeenCalledWith(process.pid, signal);
  },
);

test("an application that listens itself decides when the process ends", async () => {
  process.on("SIGTERM", () => undefined);
  closeOnSignals(async () => undefined);
  process.emit("SIGTERM", "SIGTERM");
  await settle();
  expect(kill).not.toHaveBeenCalled();
});

test("a close that fails ends the process as well", async () => {
  closeOnSignals(() => Promise.reject(new Error("half closed")));
  process.emit("SIGTERM", "SIGTERM");
  await settle();
  expect(kill).toHaveBeenCalledTimes(1);
});

test("after the stop signals are left alone", () => {
  const stop = closeOnSignals(async () => undefined);
  stop();
  expect(process.listenerCount("SIGTERM") + process.listenerCount("SIGINT")).toBe(0);
});
