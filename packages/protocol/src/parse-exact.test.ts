import fc from "fast-check";
import { parseExact } from "./parse-exact";
import { timestampFrom } from "./timestamp";

/** How a registry writes the timestamps of a list, with some text beside them. */
function listOf(timestamps: readonly bigint[], beside = ""): string {
  const items = timestamps.map(
    (timestamp) => `{"text":${JSON.stringify(beside)},"dirty_timestamp":7,"latest_timestamp":${timestamp}}`,
  );
  return `[${items.join(",")}]`;
}

interface Item {
  readonly latest_timestamp: unknown;
}

function latestOf(text: string): (bigint | undefined)[] {
  const { value, timestampOf } = parseExact(text, "latest");
  return (value as Item[]).map((item) => timestampOf(item.latest_timestamp));
}

const MAX = 2n ** 63n - 1n;
const NOW = 1_795_342_003_214_049_717n;

/** Those of one moment share doubles, which are 256 apart. */
const near = fc.bigInt({ min: -600n, max: 600n }).map((off) => NOW + off);
const anywhere = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc.bigInt({ min: 0n, max: MAX / 1_000n }).map((micros) => micros * 1_000n),
  fc.bigInt({ min: 0n, max: 99_999n }),
);
const hostile = fc.constantFrom(
  "",
  'latest_timestamp":1',
  `"latest_timestamp":${NOW}`,
  `latest_timestamp\\":${NOW}`,
  "latest_timestamp",
);

test.each([
  ["anywhere", anywhere],
  ["of one moment", near],
  [
    "of one moment, on the grid or not",
    fc.oneof(
      near,
      near.map((timestamp) => timestamp - (timestamp % 1_000n)),
    ),
  ],
])("timestamps %s are read to the digit", (_where, timestamp) => {
  fc.assert(
    fc.property(fc.array(timestamp, { maxLength: 6 }), hostile, (timestamps, beside) => {
      expect(latestOf(listOf(timestamps, beside))).toEqual(timestamps);
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

test.each([
  [`[{"latest_timestamp": ${NOW}}]`, NOW],
  [`[{"latest_timestamp" :${NOW}}]`, NOW],
  [`[{"latest_timestamp":${NOW}\n}]`, NOW],
  [`[{"latest_timestamp":-${NOW}}]`, -NOW],
  [`[{"latest_timestamp":1.795342003214049717e18}]`, NOW],
  [`[{"latest_timestamp":"${NOW}"}]`, NOW],
  [`[{"latest_timestamp":${MAX}}]`, MAX],
  [`[{"latest_timestamp":${MAX + 1n}}]`, undefined],
  [`[{"latest_timestamp":99999999999999999999}]`, undefined],
  [`[{"latest_timestamp":null}]`, undefined],
  [`[{"latest_timestamp":0}]`, 0n],
  [`[{"a":"latest_timestamp","latest_timestamp":${NOW}}]`, NOW],
  [`[{"other_latest_timestamp":${NOW + 1n},"latest_timestamp":${NOW}}]`, NOW],
])("%s is read as %p", (text, timestamp) => {
  expect(latestOf(text)).toEqual([timestamp]);
});

test("nothing else of the text changes, also of two that share a double", () => {
  const text = listOf([NOW, NOW + 1n], "a b");
  const { value } = parseExact(text, "latest");
  const others = (items: unknown) => (items as Item[]).map((item) => ({ ...item, latest_timestamp: null }));
  expect(others(value)).toEqual(others(JSON.parse(text)));
});

test("an answer of our registry is read as any JSON", () => {
  const { timestampOf } = parseExact(listOf([NOW - (NOW % 1_000n)]), "latest");
  expect(timestampOf).toBe(timestampFrom);
});

test.each([
  "",
  "{",
  '{"latest_timestamp":',
  '{"latest_timestamp":01}',
  `{"latest_timestamp":${NOW}`,
  '"latest_timestamp":5',
])("%p is not JSON", (text) => {
  expect(() => parseExact(text, "latest")).toThrow(SyntaxError);
});
