import { silentLogger } from "./logger";

test("the silent logger takes every level and says nothing", () => {
  for (const level of ["debug", "info", "warn", "error"] as const) {
    expect(silentLogger[level]({ node: "a" }, "node lost")).toBeUndefined();
  }
});
