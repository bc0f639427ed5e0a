import fc from "fast-check";
import { CodedError, badParameter, missingParameter, showValue } from "./coded-error";
import { codes } from "./codes";

fc.configureGlobal({ seed: 1 });

test("an error that has a code stays itself", () => {
  const error = new CodedError(codes.conflict, "older");
  expect(CodedError.from(error)).toBe(error);
});

test("an error without a code becomes -500, with its message and as its cause", () => {
  const cause = new TypeError("x is not a function");
  expect(CodedError.from(cause)).toMatchObject({ code: -500, message: "x is not a function", cause });
});

test("whatever is thrown becomes an error", () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (thrown) => {
      const error = CodedError.from(thrown);
      expect(error.code).toBe(codes.internal);
      expect(error.cause).toBe(thrown);
    }),
  );
});

test("the error shows its name", () => {
  expect(String(new CodedError(codes.notFound, "no such app"))).toBe("CodedError: no such app");
});

test.each<[value: unknown, shown: string]>([
  ["3", '"3"'],
  ["a\nb", '"a\\nb"'],
  ["x".repeat(70), `"${"x".repeat(64)}"… (70 characters)`],
  [3, "3"],
  [3n, "3"],
  [undefined, "undefined"],
  [null, "null"],
  [{ a: [1] }, '{"a":[1]}'],
  [Array<number>(50).fill(1), `[${"1,".repeat(50).slice(0, 63)}… (101 characters)`],
])("a bad parameter's message shows %p as %s", (value, shown) => {
  const error = badParameter("status", value, "must be 1 or 2");
  expect(error).toMatchObject({ code: -400, message: `parameter status = ${shown}: must be 1 or 2` });
});

test("a missing parameter is named", () => {
  expect(missingParameter("appid")).toMatchObject({ code: -400, message: "parameter appid is required" });
});

test("a value is shown however deep it is nested", () => {
  const deep = (open: string, close: string): unknown =>
    JSON.parse(open.repeat(100_000) + "1" + close.repeat(100_000));
  expect(showValue(deep("[", "]"))).toBe("[…]");
  expect(showValue(deep('{"a":', "}"))).toBe("{…}");
});
