import fc from "fast-check";
import { splitJsonArray, splitJsonObject } from "./json-object";

fc.configureGlobal({ seed: 1, numRuns: 1_000 });

const space = fc.constantFrom("", "", " ", "\n\t ", "\r\n");

test("each member's value is the text it was written as", () => {
  expect(splitJsonObject('{"a": 1795342003214049717 ,"b":1.0e2,"c":{"d":[1, 2]},"e":",}\\"]"}')).toEqual([
    ["a", "1795342003214049717"],
    ["b", "1.0e2"],
    ["c", '{"d":[1, 2]}'],
    ["e", '",}\\"]"'],
  ]);
});

test("every object is split into its members, whatever is in them", () => {
  const members = fc.array(fc.tuple(fc.string({ unit: "binary" }), fc.jsonValue()));
  fc.assert(
    fc.property(members, space, (pairs, gap) => {
      const written = pairs.map(([key, value]) => [key, JSON.stringify(value)] as const);
      const text = written
        .map(([key, raw]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${raw}${gap}`)
        .join(",");
      expect(splitJsonObject(`${gap}{${text}}${gap}`)).toEqual(written);
    }),
  );
});

test("every array is split into its items, whatever is in them", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), space, (items, gap) => {
      const written = items.map((item) => JSON.stringify(item));
      expect(splitJsonArray(`${gap}[${written.map((raw) => gap + raw + gap).join(",")}]${gap}`)).toEqual(
        written,
      );
    }),
  );
});

test("a key given twice is there twice, in order", () => {
  expect(splitJsonObject('{"a":1,"a":2}')).toEqual([
    ["a", "1"],
    ["a", "2"],
  ]);
});

test.each(["", "null", "1", '"{}"', "[]", "{", "{]", "{a:1}", '{"a":01}', "{},", "\u00a0{}", "{}\ufeff"])(
  "%p is no JSON object",
  (text) => {
    expect(splitJsonObject(text)).toBeUndefined();
  },
);

test.each(["", "null", "{}", "[", "[1,]", "[1 2]", "\u00a0[]"])("%p is no JSON array", (text) => {
  expect(splitJsonArray(text)).toBeUndefined();
});

test("an object nested 100,000 deep is split as any other", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  expect(splitJsonObject(`{"a":${deep}}`)).toEqual([["a", deep]]);
});
