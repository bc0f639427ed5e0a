import { CodedError } from "@discoveryd/protocol";
import { bufferAnswer, dataAnswer, errorAnswer, notModifiedAnswer, okAnswer, type Answer } from "./answer";
import { SecretValueError } from "./secret-value-error";

function text({ body }: Answer): string {
  return body.toString();
}

test.each([
  [okAnswer, 0, '{"code":0,"message":"0","ttl":1}'],
  [notModifiedAnswer, -304, '{"code":-304,"message":"-304","ttl":1}'],
  [dataAnswer("[1]"), 0, '{"code":0,"message":"0","ttl":1,"data":[1]}'],
  [dataAnswer("{}", -409, "newer"), -409, '{"code":-409,"message":"newer","ttl":1,"data":{}}'],
  [bufferAnswer(Buffer.from('{"a":1}')), 0, '{"code":0,"message":"0","ttl":1,"data":{"a":1}}'],
])("answer %# is its envelope", (answer, code, expected) => {
  expect(answer.code).toBe(code);
  expect(text(answer)).toBe(expected);
});

test("a failure with a code is answered with its code and message, without data", () => {
  const answer = errorAnswer(new CodedError(-404, 'no "h1"'));
  expect(text(answer)).toBe('{"code":-404,"message":"no \\"h1\\"","ttl":1}');
  expect(answer).toMatchObject({ code: -404, message: 'no "h1"' });
});

test.each([new Error("inside"), "inside", undefined, Object.create(null)])(
  "a failure without a code is -500, and its message is for the log alone",
  (thrown) => {
    const answer = errorAnswer(thrown);
    expect(answer.code).toBe(-500);
    expect(text(answer)).not.toContain("inside");
    expect(answer.message).toBeDefined();
  },
);

test("a value that may be a secret is shown to its client, and not to the log", () => {
  const answer = errorAnswer(
    new SecretValueError("metadata", '{"password":"s3cret"', "must be a JSON object"),
  );
  expect(JSON.parse(text(answer))).toMatchObject({
    code: -400,
    message: 'parameter metadata = "{\\"password\\":\\"s3cret\\"": must be a JSON object',
  });
  expect(answer.message).toBe("parameter metadata: must be a JSON object");
});
