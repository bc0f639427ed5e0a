import { parseMetadata } from "./metadata";

const MAX = 16_384;

function read(text: string): [string, string][] {
  return [...parseMetadata(text, MAX)];
}

test.each([
  ['{"a":"b"}', [["a", "b"]]],
  ['{"weight":10}', [["weight", "10"]]],
  ['{"a":12345678901234567890.10}', [["a", "12345678901234567890.10"]]],
  ['{"a":-1e3}', [["a", "-1e3"]]],
  ['{"a":true,"b":false}', [["a", "true"], ["b", "false"]]], // prettier-ignore
  ['{"a":null}', [["a", ""]]],
  ['{"a":[1, 2]}', [["a", "[1, 2]"]]],
  ['{"a":{"b":"c"}}', [["a", '{"b":"c"}']]],
  ['{"a":"\\u4f60\\n"}', [["a", "你\n"]]],
  ['{"b":"1","a":"2"}', [["a", "2"], ["b", "1"]]], // prettier-ignore
  ['{"a":"1","a":"2"}', [["a", "2"]]],
  ['{"":""}', [["", ""]]],
  [' {"a" : "b"} ', [["a", "b"]]],
  ['{"__proto__":"x","constructor":"y"}', [["__proto__", "x"], ["constructor", "y"]]], // prettier-ignore
])("%s is read as %j", (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each(["", " ", "null", "[]", "[ ]", "{}", "{ }"])("%j counts as none", (text) => {
  expect(read(text)).toEqual([]);
});

test.each(["{bad", "[1]", '"text"', "5", "true", "{'a':'b'}", '{"a":}', '{"a":"b"}x', "nul"])(
  "%s is refused by name",
  (text) => {
    expect(() => read(text)).toThrow("parameter metadata = ");
    expect(() => read(text)).toThrow("must be a JSON object");
  },
);

test("metadata beyond the limit is refused, the limit is allowed", () => {
  const filled = (bytes: number) => `{"a":"${"x".repeat(bytes - 8)}"}`;
  expect(read(filled(MAX))).toHaveLength(1);
  expect(() => read(filled(MAX + 1))).toThrow("parameter metadata: 16385 bytes, at most 16384");
});

test("the limit counts bytes, not characters", () => {
  expect(() => read(`{"a":"${"你".repeat(6_000)}"}`)).toThrow(
    "parameter metadata: 18008 bytes, at most 16384",
  );
});
