import fc from "fast-check";
import { backoffMs, defaultBackoff } from "./backoff";
import { seededRandom } from "./random";

fc.configureGlobal({ seed: 1 });

test.each([
  [0, 200],
  [1, 400],
  [2, 800],
  [4, 3_200],
  [5, 5_000],
  [50, 5_000],
])("before try %i it waits up to %i ms", (attempt, ceiling) => {
  expect(backoffMs(attempt, defaultBackoff, () => 1)).toBe(ceiling);
  expect(backoffMs(attempt, defaultBackoff, () => 0)).toBe(0);
});

test("no wait is negative, above the policy's longest, or not a number, however many tries there were", () => {
  const policies = fc.record({ baseMs: fc.nat(10_000), maxMs: fc.nat(100_000) });
  fc.assert(
    fc.property(fc.nat(), policies, fc.nat(), (attempt, policy, seed) => {
      const waitMs = backoffMs(attempt, policy, seededRandom(seed));
      expect(waitMs).toBeGreaterThanOrEqual(0);
      expect(waitMs).toBeLessThanOrEqual(policy.maxMs);
    }),
  );
});

test("clients that failed together come back spread over the whole wait", () => {
  const random = seededRandom(1);
  const tenths = Array.from({ length: 1_000 }, () => Math.floor(backoffMs(5, defaultBackoff, random) / 500));
  const perTenth = Array.from({ length: 10 }, (_, tenth) => tenths.filter((t) => t === tenth).length);
  expect(Math.min(...perTenth)).toBeGreaterThan(70);
  expect(Math.max(...perTenth)).toBeLessThan(130);
});
