import { routes } from "@discoveryd/protocol";
import fc from "fast-check";
import { requestBytes, type RawRequest } from "./raw-connection";

/** Text that has broken parsers, keys and logs elsewhere. */
export const hostileTextArb: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ..."__proto__ constructor toString hasOwnProperty then null undefined NaN true -0 0x10 1e3 1e400 .. ../../etc".split(
      " ",
    ),
    ...[
      "",
      " ",
      "\0",
      "a\0b",
      "\r\n",
      "\r\nX: y",
      "\t",
      "\u007f",
      "\u0085",
      "\u2028",
      "\ufeff",
      "\ud800",
      "x\udc00y",
      "😀",
    ],
    ...[
      "%",
      "%zz",
      "%f",
      "%ff",
      "%00",
      "%u0041",
      "&",
      "=",
      "&&==",
      "+",
      ",",
      ",,,",
      ";",
      "#",
      "?",
      "/",
      "\\",
      '"',
      "'",
      "`",
    ],
    ...[
      "{",
      "}",
      "{}",
      "[",
      "[]",
      '{"a":"b"}',
      '{"a":{"b":[1,2]}}',
      '{"__proto__":{"x":1}}',
      '{"toString":1}',
      '{"a":1e999}',
    ],
    ...[
      "9223372036854775807",
      "9223372036854775808",
      "-9223372036854775808",
      "00001",
      "--1",
      "1 ",
      "9".repeat(5_000),
    ],
    ...[
      "http://",
      "http://a b",
      "grpc://[::1]:80",
      "1.2.3.4:99999",
      "x".repeat(255),
      "x".repeat(256),
      "é".repeat(128),
    ],
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
);

const KEYS = [
  ..."toString valueOf toJSON then length __proto__ constructor".split(" "),
  ..."op instance env appid zone hostname status addrs metadata region buckets digest silent_ms".split(" "),
  ..."latest_timestamp dirty_timestamp reg_timestamp AppID".split(" "),
];

/** JSON of any shape, with keys that mean something to JavaScript or to the registry. */
export const hostileJsonArb: fc.Arbitrary<unknown> = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    {
      arbitrary: fc.oneof(hostileTextArb, fc.double({ noNaN: true }), fc.boolean(), fc.constant(null)),
      weight: 3,
    },
    { arbitrary: fc.array(tie("any"), { maxLength: 4 }), weight: 1 },
    { arbitrary: fc.dictionary(fc.constantFrom(...KEYS), tie("any"), { maxKeys: 6 }), weight: 2 },
  ),
})).any;

const route = fc.constantFrom(...Object.values(routes));
const names = [...new Set(Object.values(routes).flatMap(({ params }) => Object.keys(params)))];
const nameArb = fc.oneof(
  { arbitrary: fc.constantFrom(...names), weight: 9 },
  { arbitrary: hostileTextArb, weight: 1 },
);
const pairsArb = fc.array(fc.tuple(nameArb, hostileTextArb), { maxLength: 14 });

/** A request of a route with every parameter it needs, in which some are replaced or joined by hostile ones. */
const queryArb: fc.Arbitrary<string> = fc
  .record({ good: fc.subarray(goodPairs()), bad: pairsArb, encoded: fc.boolean() })
  .map(({ good, bad, encoded }) => {
    const write = encoded
      ? (text: string) => encodeURIComponent(Buffer.from(text).toString())
      : escapeForRequestLine;
    return [...good, ...bad].map(([name, value]) => `${write(name)}=${write(value)}`).join("&");
  });

/** Well-formed HTTP of a known route, hostile in all else. A poll is told not to wait. */
export const hostileRequestArb: fc.Arbitrary<RawRequest> = fc
  .record({ route, query: queryArb, body: fc.option(bodyArb(), { nil: undefined, freq: 1 }) })
  .map(({ route: { method, path }, query, body }) => ({
    method,
    target: `${path}?${query}`,
    headers: ["x1-bmspy-timeout: 1", ...(body?.headers ?? [])],
    body: body?.bytes ?? "",
  }));

/** What a request may say of its body instead of the truth. */
const LENGTHS = [
  "Content-Length: 0",
  "Content-Length: 5",
  "Content-Length: 99999999999999999999",
  "Content-Length: -1",
  "Content-Length: 1\r\nContent-Length: 2",
  "Content-Length: 3\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
  "Expect: 100-continue",
  "Expect: the-unexpected",
  "Upgrade: websocket\r\nConnection: Upgrade",
  "Connection: close",
] as const;

/** Bytes that may be HTTP no longer: requests cut, joined, and with bytes changed. */
export const hostileBytesArb: fc.Arbitrary<Buffer> = fc
  .record({
    requests: fc.array(hostileRequestArb, { minLength: 1, maxLength: 3 }),
    length: fc.option(fc.constantFrom(...LENGTHS), { nil: undefined }),
    cut: fc.option(fc.nat(4_000), { nil: undefined }),
    changes: fc.array(fc.tuple(fc.nat(2_000), fc.nat(255)), { maxLength: 4 }),
    garbage: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ requests, length, cut, changes, garbage }) => {
    const bytes = Buffer.concat([
      ...requests.map((request) => requestBytes(length === undefined ? request : { ...request, length })),
      garbage,
    ]);
    for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
    return bytes.subarray(0, cut ?? bytes.length);
  });

function bodyArb(): fc.Arbitrary<{ headers: string[]; bytes: string | Uint8Array }> {
  const json = hostileJsonArb.map((value) => ({
    headers: ["Content-Type: application/json"],
    bytes: JSON.stringify(value),
  }));
  const operations = fc
    .array(hostileJsonArb, { maxLength: 3 })
    .map((list) => ({ headers: ["Content-Type: application/json"], bytes: JSON.stringify(list) }));
  const form = queryArb.map((bytes) => ({
    headers: ["Content-Type: application/x-www-form-urlencoded"],
    bytes,
  }));
  const multipart = fc
    .record({ pairs: pairsArb, end: fc.constantFrom("\r\n--b--\r\n", "\r\n--b", "") })
    .map(({ pairs, end }) => ({
      headers: ["Content-Type: multipart/form-data; boundary=b"],
      bytes:
        pairs.map(([n, v]) => `--b\r\nContent-Disposition: form-data; name="${n}"\r\n\r\n${v}`).join("\r\n") +
        end,
    }));
  const junk = fc
    .record({
      bytes: fc.uint8Array({ maxLength: 200 }),
      type: fc.constantFrom("multipart/form-data", "text/x", "application/json"),
    })
    .map(({ bytes, type }) => ({ headers: [`Content-Type: ${type}`], bytes }));
  return fc.oneof(json, operations, form, multipart, junk);
}

function goodPairs(): [string, string][] {
  return [
    ["env", "dev"],
    ["appid", "app"],
    ["zone", "z1"],
    ["hostname", "h1"],
    ["status", "1"],
    ["addrs", "http://127.0.0.1:80"],
    ["latest_timestamp", "0"],
  ];
}

/** As it stands where a request line can carry it: only what would end the line is escaped. */
function escapeForRequestLine(text: string): string {
  return Buffer.from(text)
    .toString("latin1")
    .replace(/[^\x21-\x7e]|#/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
