import fc from "fast-check";
import {
  TimestampSource,
  ceilToGrid,
  nextOnGrid,
  parseInt64,
  timestampFrom,
  timestampFromMs,
  timestampToMs,
  timestampToSeconds,
} from "./timestamp";

fc.configureGlobal({ seed: 1, numRuns: 1_000 });

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const int64 = fc.bigInt({ min: MIN_INT64, max: MAX_INT64 });
// From 1970 to 2116, where doubles become too sparse for a microsecond.
const onGrid = fc.bigInt({ min: 0n, max: 2n ** 62n / 1_000n }).map((micros) => micros * 1_000n);

test("a timestamp on the grid survives JSON.parse and String: a client with doubles gives back what it was sent", () => {
  fc.assert(
    fc.property(onGrid, (timestamp) => {
      expect(String(JSON.parse(`${timestamp}`))).toBe(`${timestamp}`);
    }),
  );
});

test("a timestamp off the grid does not survive: that is why there is one", () => {
  expect(String(JSON.parse("1795342003214049717"))).not.toBe("1795342003214049717");
});

test("a moment in milliseconds makes the way there and back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
      expect(timestampToMs(timestampFromMs(ms))).toBe(ms);
    }),
  );
});

test("fractions of a millisecond are dropped", () => {
  expect(timestampFromMs(1_795_342_003_214.9)).toBe(1_795_342_003_214_000_000n);
});

test("seconds are whole ones", () => {
  expect(timestampToSeconds(1_795_342_003_999_999_999n)).toBe(1_795_342_003n);
});

test("the grid's next timestamp is the smallest that is not before", () => {
  fc.assert(
    fc.property(int64, (timestamp) => {
      const rounded = ceilToGrid(timestamp);
      expect(rounded % 1_000n).toBe(0n);
      expect(rounded - timestamp).toBeGreaterThanOrEqual(0n);
      expect(rounded - timestamp).toBeLessThan(1_000n);
    }),
  );
});

test("the next on the grid is later, by 1 us at most", () => {
  fc.assert(
    fc.property(int64, (timestamp) => {
      const later = nextOnGrid(timestamp) - timestamp;
      expect(later).toBeGreaterThan(0n);
      expect(later).toBeLessThanOrEqual(1_000n);
    }),
  );
});

describe("a source", () => {
  test("issues strictly increasing timestamps on the grid, whatever the clock does", () => {
    const clock = fc.array(fc.integer({ min: 0, max: 2_000_000_000_000 }), { minLength: 1 });
    fc.assert(
      fc.property(clock, (times) => {
        let last = -1n;
        let now = 0;
        const source = new TimestampSource(() => now);
        for (now of times) {
          const next = source.next();
          expect(next > last && next % 1_000n === 0n).toBe(true);
          last = next;
        }
      }),
    );
  });

  test("begins with the time of the clock", () => {
    expect(new TimestampSource(() => 1_795_342_003_214).next()).toBe(1_795_342_003_214_000_000n);
  });

  test("issues nothing that is not later than what was observed", () => {
    fc.assert(
      fc.property(fc.array(onGrid), fc.array(int64), (issued, observed) => {
        const source = new TimestampSource(() => 0);
        for (const timestamp of [...issued, ...observed]) {
          source.observe(timestamp);
          expect(source.next()).toBeGreaterThan(timestamp);
        }
      }),
    );
  });
});

describe("an int64 in decimal text", () => {
  test("is read to the digit", () => {
    fc.assert(
      fc.property(int64, (value) => {
        expect(parseInt64(String(value))).toBe(value);
      }),
    );
  });

  test("may have any number of leading zeros", () => {
    fc.assert(
      fc.property(int64, fc.nat(100), (value, zeros) => {
        const digits = String(value).replace("-", "");
        expect(parseInt64(`${value < 0n ? "-" : ""}${"0".repeat(zeros)}${digits}`)).toBe(value);
      }),
    );
  });

  test("out of range is none", () => {
    const beyond = fc.bigInt({ min: 1n, max: 10n ** 60n });
    fc.assert(
      fc.property(beyond, (by) => {
        expect(parseInt64(String(MAX_INT64 + by))).toBeUndefined();
        expect(parseInt64(String(MIN_INT64 - by))).toBeUndefined();
      }),
    );
  });

  test("is read or refused at once, however long the text", () => {
    expect(parseInt64("9".repeat(1_000_000))).toBeUndefined();
    expect(parseInt64(`${"0".repeat(1_000_000)}7`)).toBe(7n);
  });

  test("empty counts as 0", () => {
    expect(parseInt64("")).toBe(0n);
  });

  test.each(["-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1n", "١", "--1", "1_000"])("%p is none", (text) => {
    expect(parseInt64(text)).toBeUndefined();
  });
});

test.each<[value: unknown, timestamp: bigint | undefined]>([
  ["1795342003214049717", 1795342003214049717n],
  [1795342003214049000, 1795342003214049000n],
  [0, 0n],
  [-0, 0n],
  [-5, -5n],
  [0.5, undefined],
  [1e21, undefined],
  [2 ** 63, undefined],
  [Infinity, undefined],
  [null, undefined],
  [true, undefined],
  [{}, undefined],
])("the timestamp in %p is %p", (value, timestamp) => {
  expect(timestampFrom(value)).toBe(timestamp);
});

test("the timestamp in a number is that of its shortest digits", () => {
  const numbers = fc.oneof(
    fc.double({ noNaN: true, min: -(2 ** 64), max: 2 ** 64 }).map(Math.trunc),
    int64.map(Number),
    onGrid.map(Number),
    fc.bigInt({ min: 2n ** 61n, max: 2n ** 62n + 2n ** 20n }).map(Number),
  );
  fc.assert(fc.property(numbers, (value) => timestampFrom(value) === parseInt64(String(value))));
});
