import { holdProcess } from "./hold-process";

/** Timers that keep this process alive. */
function holding(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

test("the process is held until the release", () => {
  const before = holding();
  const release = holdProcess();
  expect(holding()).toBe(before + 1);
  release();
  expect(holding()).toBe(before);
});
