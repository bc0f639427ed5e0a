import fc from "fast-check";
import { parseDurationMs } from "./duration";

fc.configureGlobal({ seed: 1, numRuns: 500 });

test.each<[value: number | string, ms: number]>([
  [0, 0],
  [250, 250],
  [1.5, 1.5],
  ["0", 0],
  ["0s", 0],
  ["250ms", 250],
  ["1.5s", 1_500],
  ["1m30s", 90_000],
  ["1h0m0.5s", 3_600_500],
  ["100us", 0.1],
  ["100µs", 0.1],
  ["100μs", 0.1],
  ["1ns", 0.000001],
  ["1.005s", 1_005],
  ["0.1s0.2s", 300],
])("%p is %p ms", (value, ms) => {
  expect(parseDurationMs(value)).toBe(ms);
});

test("a duration written as Go writes it is read to the nanosecond", () => {
  const below = (n: number) => fc.nat(n - 1);
  fc.assert(
    fc.property(below(100), below(60), below(60), below(1e9), (h, m, s, ns) => {
      const text = `${h}h${m}m${s}.${String(ns).padStart(9, "0")}s`;
      expect(parseDurationMs(text)).toBe(((h * 60 + m) * 60 + s) * 1_000 + ns / 1e6);
    }),
    // 100 hours are 3.6e14 ns: all of them are exact in a double, the sum in milliseconds is the nearest one.
    { examples: [[99, 59, 59, 999_999_999]] },
  );
});

test.each([
  -1,
  NaN,
  Infinity,
  "",
  "5",
  "ms",
  "-1s",
  "1 s",
  "1s ",
  "1.s",
  ".5s",
  "1d",
  "1S",
  "1s,2s",
  `${"9".repeat(400)}h`,
])("%p is no duration", (value) => {
  expect(() => parseDurationMs(value)).toThrow(
    /^duration .+ is not valid: use milliseconds as a number, or text such as "250ms", "1\.5s", "1m30s"$/,
  );
});

test("the message quotes the value", () => {
  expect(() => parseDurationMs("5 minutes")).toThrow('duration "5 minutes" is not valid');
  expect(() => parseDurationMs(NaN)).toThrow("duration NaN is not valid");
});

test.each([true, null, undefined, {}, []])(
  "a value of another type, such as %j, is refused the same way",
  (value) => {
    expect(() => parseDurationMs(value as unknown as string)).toThrow("is not valid");
  },
);
