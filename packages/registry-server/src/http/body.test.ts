import { parseBody } from "./body";
import type { RawParams } from "./pairs";

async function read(body: string, contentType?: string): Promise<Record<string, string[]>> {
  const params: RawParams = await parseBody(Buffer.from(body), contentType);
  return Object.fromEntries(params);
}

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

test.each([undefined, "", FORM, `${FORM}; charset=UTF-8`, "text/plain", "application/octet-stream"])(
  "a body of type %s is a form",
  async (type) => {
    expect(await read("zone=sh001&addrs=a&addrs=b", type)).toEqual({ zone: ["sh001"], addrs: ["a", "b"] });
  },
);

test.each([JSON_TYPE, `${JSON_TYPE}; charset=utf-8`, "Application/JSON", "application/problem+json"])(
  "a body of type %s is JSON",
  async (type) => {
    expect(await read('{"zone":"sh001","addrs":["a","b"]}', type)).toEqual({
      zone: ["sh001"],
      addrs: ["a", "b"],
    });
  },
);

test("JSON without its Content-Type, or sent as a form, is JSON", async () => {
  expect(await read('{"zone":"sh001"}')).toEqual({ zone: ["sh001"] });
  expect(await read(' {"zone":"sh001"}', JSON_TYPE)).toEqual({ zone: ["sh001"] });
  expect(await read('{"zone":"sh001"}', FORM)).toEqual({ zone: ["sh001"] });
});

test.each([
  ['{"AppID":"a","Zone":"z"}', { appid: ["a"], zone: ["z"] }],
  ['{"status":1}', { status: ["1"] }],
  ['{"latest_timestamp":1795342003214049716}', { latest_timestamp: ["1795342003214049716"] }],
  ['{"latest_timestamp":[1795342003214049716,0]}', { latest_timestamp: ["1795342003214049716", "0"] }],
  ['{"replication":true}', { replication: ["true"] }],
  ['{"zone":null}', { zone: [""] }],
  ['{"addrs":[]}', {}],
  ['{"metadata":{"a":"b"}}', { metadata: ['{"a":"b"}'] }],
  ['{"metadata":"{\\"a\\":\\"b\\"}"}', { metadata: ['{"a":"b"}'] }],
  ['{"metadata":[{"a":"b"},null]}', { metadata: ['{"a":"b"}', ""] }],
  ['{"zone":"a","Zone":"b"}', { zone: ["b"] }],
  ["{}", {}],
])("JSON %s is read as %j", async (body, expected) => {
  expect(await read(body, JSON_TYPE)).toEqual(expected);
});

test.each(["{", "[]", '"text"', "5", "zone=sh001"])("%s is refused as JSON", async (body) => {
  await expect(read(body, JSON_TYPE)).rejects.toMatchObject({
    code: -400,
    message: "the body is not a JSON object",
  });
});

test.each([FORM, JSON_TYPE, undefined])("an empty body of type %s holds nothing", async (type) => {
  expect(await read("", type)).toEqual({});
});

test("names of JSON are data", async () => {
  const params = await parseBody(Buffer.from('{"__proto__":"x"}'), JSON_TYPE);
  expect([...params]).toEqual([["__proto__", ["x"]]]);
});

const multipart = [
  "--b",
  'Content-Disposition: form-data; name="zone"',
  "",
  "sh001",
  "--b",
  'Content-Disposition: form-data; name="addrs"',
  "",
  "a",
  "--b",
  'Content-Disposition: form-data; name="addrs"',
  "",
  "b",
  "--b--",
  "",
].join("\r\n");

test("a multipart form is read", async () => {
  expect(await read(multipart, "multipart/form-data; boundary=b")).toEqual({
    zone: ["sh001"],
    addrs: ["a", "b"],
  });
});

test("files of a multipart form are left aside", async () => {
  const withFile = multipart.replace('name="zone"', 'name="zone"; filename="x.txt"');
  expect(await read(withFile, "multipart/form-data; boundary=b")).toEqual({ addrs: ["a", "b"] });
});

test.each([
  ["multipart/form-data", multipart],
  ["multipart/form-data; boundary=b", multipart.slice(0, 60)],
  ["multipart/form-data; boundary=b", ""],
  ["multipart/form-data; boundary=b", "\u0000".repeat(100)],
])("a multipart form of type %s that is broken is refused", async (type, body) => {
  await expect(read(body, type)).rejects.toMatchObject({
    code: -400,
    message: expect.stringMatching(/^the multipart body is not valid: /) as string,
  });
});

test("a multipart form with 1,000 fields is read whole", async () => {
  const fields = Array.from(
    { length: 1_000 },
    (_, i) => `--b\r\nContent-Disposition: form-data; name="appid"\r\n\r\napp-${i}\r\n`,
  );
  const { appid } = await read(`${fields.join("")}--b--\r\n`, "multipart/form-data; boundary=b");
  expect(appid).toHaveLength(1_000);
});

test("a multipart form of more than 4,096 parts is refused", async () => {
  const part = (i: number) => `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${i}\r\n`;
  const body = Buffer.from(Array.from({ length: 5_000 }, (_, i) => part(i)).join("") + "--b--\r\n");
  await expect(parseBody(body, "multipart/form-data; boundary=b")).rejects.toThrow("more than 4096 parts");
});
