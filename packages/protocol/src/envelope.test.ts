import fc from "fast-check";
import { encodeEnvelope, parseEnvelope, parseExactEnvelope } from "./envelope";
import { timestampFrom } from "./timestamp";

fc.configureGlobal({ seed: 1 });

test("an answer without data has no such field", () => {
  expect(encodeEnvelope(0)).toBe('{"code":0,"message":"0","ttl":1}');
});

test("data is put in as it is", () => {
  expect(encodeEnvelope(-409, "newer", '{"a":1}')).toBe(
    '{"code":-409,"message":"newer","ttl":1,"data":{"a":1}}',
  );
});

test("what was encoded is read back, whatever the message", () => {
  fc.assert(
    fc.property(fc.integer(), fc.string({ unit: "binary" }), fc.jsonValue(), (code, message, data) => {
      const text = encodeEnvelope(code, message, JSON.stringify(data));
      expect(parseEnvelope(text)).toEqual({ code, message, data: JSON.parse(JSON.stringify(data)) });
    }),
  );
});

test("a timestamp in an answer keeps its digits", () => {
  const { data } = parseEnvelope(
    '{"code":0,"message":"0","ttl":1,"data":{"latest_timestamp":1795342003214049717}}',
  );
  expect(timestampFrom((data as Record<string, unknown>)["latest_timestamp"])).toBe(1795342003214049717n);
});

test("of an answer the timestamps of one name may be enough", () => {
  const answer = parseExactEnvelope(
    '{"code":0,"message":"0","ttl":1,"data":{"latest_timestamp":1795342003214049717}}',
    "latest",
  );
  expect(answer).toMatchObject({ code: 0, message: "0" });
  const latest = (answer.data as Record<string, unknown>)["latest_timestamp"];
  expect(answer.timestampOf(latest)).toBe(1795342003214049717n);
  expect(() => parseExactEnvelope("{", "latest")).toThrow("not JSON: ");
});

test("an answer without a message gets its code as one", () => {
  expect(parseEnvelope('{"code":-404}')).toEqual({ code: -404, message: "-404", data: undefined });
});

test.each([
  ["<html>502 Bad Gateway</html>", 'not JSON: "<html>502 Bad Gateway</html>"'],
  ['{"code":0,"data":', 'not JSON: "{\\"code\\":0,\\"data\\":"'],
  ["", 'not JSON: ""'],
  ["null", 'an answer without a code: "null"'],
  ["[1]", 'an answer without a code: "[1]"'],
  ['{"code":"0"}', 'an answer without a code: "{\\"code\\":\\"0\\"}"'],
])("%p is not an answer", (text, message) => {
  expect(() => parseEnvelope(text)).toThrow(expect.objectContaining({ code: -500, message }));
});

test("of a long text that is no answer only the beginning is shown", () => {
  expect(() => parseEnvelope("x".repeat(1_000))).toThrow(`not JSON: "${"x".repeat(80)}"`);
});
