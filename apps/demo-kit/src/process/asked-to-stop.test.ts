import { EventEmitter } from "node:events";
import { askedToStop } from "./asked-to-stop";

class FakeProcess extends EventEmitter {
  readonly exit = jest.fn();
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"])("%s asks the process to stop", async (signal) => {
  const proc = new FakeProcess();
  const asked = askedToStop(proc);
  proc.emit(signal);
  await expect(asked).resolves.toBe(signal);
  expect(proc.exit).not.toHaveBeenCalled();
});

test("a parent that is gone asks the process to stop", async () => {
  const proc = new FakeProcess();
  const asked = askedToStop(proc);
  proc.emit("disconnect");
  await expect(asked).resolves.toBe("the parent process is gone");
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
])("a second signal, %s, ends the process at once", (signal, status) => {
  const proc = new FakeProcess();
  void askedToStop(proc);
  proc.emit("SIGTERM");
  proc.emit(signal);
  expect(proc.exit).toHaveBeenCalledWith(status);
});
