import { codes, codeText, isCode } from "./codes";

test("every code of the table has a text of its own", () => {
  const texts = Object.values(codes).map(codeText);
  expect(new Set(texts).size).toBe(texts.length);
  expect(texts.filter((text) => text.startsWith("code "))).toEqual([]);
});

test("a code is one of the table", () => {
  expect(Object.values(codes).every(isCode)).toBe(true);
  expect(isCode(-1)).toBe(false);
});

test("an unknown code is shown by its number", () => {
  expect(codeText(-999)).toBe("code -999");
});
