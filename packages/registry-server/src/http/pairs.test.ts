import { addPairs, addValue, type RawParams } from "./pairs";

function read(text: string): Record<string, string[]> {
  const params: RawParams = new Map();
  addPairs(text, params);
  return Object.fromEntries(params);
}

test.each([
  ["", {}],
  ["a=1", { a: ["1"] }],
  ["a=1&b=2", { a: ["1"], b: ["2"] }],
  ["a=1&a=2&a=", { a: ["1", "2", ""] }],
  ["&&a=1&", { a: ["1"] }],
  ["a", { a: [""] }],
  ["a&b=1", { a: [""], b: ["1"] }],
  ["a&{}&b=1", { a: [""], "{}": [""], b: ["1"] }],
  ["=1", { "": ["1"] }],
  ["a=b=c", { a: ["b=c"] }],
  ["a=http%3A%2F%2F1.2.3.4%3A80", { a: ["http://1.2.3.4:80"] }],
  ["a=http://1.2.3.4:80", { a: ["http://1.2.3.4:80"] }],
  ["a=1+2%2B3", { a: ["1 2+3"] }],
  ["a%5B%5D=1", { "a[]": ["1"] }],
  ["a=%E4%BD%A0", { a: ["你"] }],
  ["a=%zz%4", { a: ["%zz%4"] }],
  ["a=100%", { a: ["100%"] }],
  ["a=%ff", { a: ["\ufffd"] }],
  ["__proto__=1", { ["__proto__"]: ["1"] }],
])("%s is read as %j", (text, expected) => {
  expect(Object.entries(read(text))).toEqual(Object.entries(expected));
});

test.each([
  ['metadata={"weight": "10"}&addrs=grpc://1.2.3.4:80', '{"weight": "10"}'],
  ['metadata={"a":"b&c=d"}&addrs=grpc://1.2.3.4:80', '{"a":"b&c=d"}'],
  ['metadata={"a":"}&{"}&addrs=grpc://1.2.3.4:80', '{"a":"}&{"}'],
  ['metadata={"a":"\\"}&"}&addrs=grpc://1.2.3.4:80', '{"a":"\\"}&"}'],
  ['metadata={"a":{"b":"1+1"},"c":"50%"}&addrs=grpc://1.2.3.4:80', '{"a":{"b":"1+1"},"c":"50%"}'],
  ["metadata={}&addrs=grpc://1.2.3.4:80", "{}"],
])("a body that is not percent-encoded is read as it is meant: %s", (text, metadata) => {
  expect(read(text)).toEqual({ metadata: [metadata], addrs: ["grpc://1.2.3.4:80"] });
});

test.each([
  ["a={x}&b=1", { a: ["{x}"], b: ["1"] }],
  ["a={&b=1", { a: ["{"], b: ["1"] }],
  ['a={"x":1&b=1}', { a: ['{"x":1'], b: ["1}"] }],
  ['a={"x":1}y&b=1', { a: ['{"x":1}y'], b: ["1"] }],
])("what only begins like JSON ends at the ampersand: %s", (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test.each(["a={x}&", "a={&", 'a={"', "a={}&", "a={}}&", "{", "a={{&", "a&", "&", "a=%&", "a=%ff&", "%41"])(
  "a megabyte of %j is read in a moment",
  (piece) => {
    const text = piece.repeat(1_048_576 / piece.length);
    const begun = process.cpuUsage();
    read(text);
    // Of this process alone: others may be busy.
    expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(1_500);
  },
);

test("values of one name stand in the order in which they were added", () => {
  const params: RawParams = new Map();
  addValue(params, "a", "1");
  addValue(params, "b", "2");
  addValue(params, "a", "3");
  expect([...params]).toEqual([
    ["a", ["1", "3"]],
    ["b", ["2"]],
  ]);
});
