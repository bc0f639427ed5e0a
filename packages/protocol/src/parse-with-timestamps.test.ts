import fc from "fast-check";
import { parseWithTimestamps } from "./parse-with-timestamps";
import { timestampFrom } from "./timestamp";

fc.configureGlobal({ seed: 1, numRuns: 2_000 });

/** JSON text, and the value it stands for: with a bigint wherever the text has an integer under a timestamp's key. */
interface Written {
  readonly text: string;
  readonly value: unknown;
}

const hostile = fc.constantFrom(
  '"latest_timestamp":1795342003214049717',
  '{"latest_timestamp":1795342003214049717}',
  '_timestamp":1795342003214049717,',
  "x_timestamp",
  'x_timestamp"',
  '\\"x_timestamp\\":1795342003214049717',
  "\\",
  '\\"',
  ": 1795342003214049717",
);
const strings = fc.oneof(hostile, fc.string({ unit: "binary", maxLength: 5 }));
const space = fc.constantFrom("", "", "", " ", "\n\t ", "\r\n");

const otherKeys = strings.filter((key) => !key.endsWith("_timestamp"));
const timestampKeys = fc.oneof(
  fc.constantFrom(
    "latest_timestamp",
    "reg_timestamp",
    "_timestamp",
    'a"_timestamp',
    "a\\_timestamp",
    "A_1_timestamp",
  ),
  strings.map((key) => `${key}_timestamp`),
);

/** An int64 in each way that JSON allows: `1795`, `1795.0`, `1.795e3`, `17950e-1`. */
const int64 = fc
  .tuple(
    fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: 0n, max: 2n ** 63n / 1_000n }).map((micros) => micros * 1_000n),
      fc.bigInt({ min: -9_999n, max: 9_999n }),
    ),
    fc.constantFrom("plain", "plain", "plain", "fraction", "exponent", "shifted"),
  )
  .map(([value, form]): Written => ({ text: writeInt(value, form), value }));

function writeInt(value: bigint, form: string): string {
  const [, sign = "", first = "", rest = ""] = /^(-?)(\d)(\d*)$/.exec(String(value)) ?? [];
  if (form === "fraction") return `${value}.00`;
  if (form === "exponent" && rest !== "") return `${sign}${first}.${rest}e${rest.length}`;
  return form === "shifted" && value !== 0n ? `${value}000E-3` : String(value);
}

const { json } = fc.letrec<{ json: Written }>((tie) => ({
  json: fc.oneof({ depthSize: "small" }, scalar(), list(tie("json")), object(tie("json"))),
}));

function scalar(): fc.Arbitrary<Written> {
  const numbers = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
  return fc
    .oneof(strings, numbers, fc.boolean(), fc.constant(null))
    .map((value) => JSON.stringify(value))
    .map((text) => ({ text, value: JSON.parse(text) as unknown }));
}

function list(item: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  return fc.tuple(fc.array(item, { maxLength: 4 }), space).map(([items, gap]) => ({
    text: `[${gap}${items.map(({ text }) => text).join(`${gap},${gap}`)}${gap}]`,
    value: items.map(({ value }) => value),
  }));
}

function object(item: fc.Arbitrary<Written>): fc.Arbitrary<Written> {
  const notNumber = item.filter(({ value }) => typeof value !== "number");
  const member = fc.oneof(fc.tuple(otherKeys, item), fc.tuple(timestampKeys, fc.oneof(int64, notNumber)));
  return fc
    .tuple(fc.uniqueArray(member, { maxLength: 5, selector: ([key]) => key }), space)
    .map(([members, gap]) => ({
      text: `{${gap}${members
        .map(([key, { text }]) => `${JSON.stringify(key)}${gap}:${gap}${text}`)
        .join(`${gap},${gap}`)}${gap}}`,
      value: Object.fromEntries(members.map(([key, { value }]) => [key, value])),
    }));
}

/** The value as `parseWithTimestamps` gave it, timestamps read: those that were expected to be some. */
function readLike(expected: unknown, actual: unknown): unknown {
  if (typeof expected === "bigint") return timestampFrom(actual);
  if (typeof expected !== "object" || expected === null) return actual;
  const pairs = Object.entries(actual as object).map(
    ([key, value]) => [key, readLike(Object.getOwnPropertyDescriptor(expected, key)?.value, value)] as const,
  );
  return Array.isArray(actual) ? pairs.map(([, value]) => value) : Object.fromEntries(pairs);
}

test("every timestamp is read to the digit, and nothing else changes, whatever the text looks like", () => {
  fc.assert(
    fc.property(json, ({ text, value }) => {
      expect(readLike(value, parseWithTimestamps(text))).toEqual(value);
    }),
  );
});

test("what is not JSON throws as JSON.parse does", () => {
  const damage = fc.tuple(
    json,
    fc.nat(),
    fc.constantFrom("", '"', "0", ",", "}", "\\", "_timestamp", "\u00a0"),
  );
  fc.assert(
    fc.property(damage, ([{ text }, at, put]) => {
      const broken = text.slice(0, at % text.length) + put + text.slice((at % text.length) + 1);
      expect(outcome(parseWithTimestamps, broken)).toBe(outcome(JSON.parse, broken));
    }),
  );
});

function outcome(parse: (text: string) => unknown, text: string): string {
  try {
    parse(text);
    return "parsed";
  } catch (error) {
    return (error as Error).name;
  }
}

test.each([
  '{"x_timestamp":0001795342003214049717}',
  '{"x_timestamp":-}',
  '{"x_timestamp":1795342003214049717.}',
  '{"x_timestamp":1795342003214049717e}',
  '{"x_timestamp":+1795342003214049717}',
  '{"x_timestamp":1795342003214049717n}',
  '"x_timestamp',
  '"x_timestamp":',
  "",
])("%p is not JSON", (text) => {
  expect(() => parseWithTimestamps(text)).toThrow(SyntaxError);
});

test.each<[text: string, timestamp: bigint | undefined]>([
  ["1795342003214049717", 1795342003214049717n],
  ["-1795342003214049717", -1795342003214049717n],
  ["4611686018427388000", 4611686018427388000n],
  ["9223372036854775807", 9223372036854775807n],
  ["9223372036854775808", undefined],
  ["99999999999999999999999", undefined],
  ["1.795342003214049717e18", 1795342003214049717n],
  ["0.1795342003214049717e19", 1795342003214049717n],
  ["1795342003214049717.5", undefined],
  ["1795342003214049717e-1", undefined],
  ["1e400", undefined],
  ["0e400", undefined],
  ["15e2", 1500n],
  ["0.0", 0n],
])("as a timestamp %s is %p", (text, timestamp) => {
  const parsed = parseWithTimestamps(`{"x_timestamp":${text}}`) as Record<string, unknown>;
  expect(timestampFrom(parsed["x_timestamp"])).toBe(timestamp);
});

test("on the grid a timestamp stays a number: nothing is done twice", () => {
  expect(parseWithTimestamps('{"latest_timestamp":1795342003214049000}')).toEqual({
    latest_timestamp: 1795342003214049000,
  });
});
