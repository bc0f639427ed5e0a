import { CodedError, STATUS_UP, STATUS_WAITING, codes, parseWithTimestamps } from "@discoveryd/protocol";
import fc from "fast-check";
import { instanceWith } from "../testing/builders";
import {
  decodeOperations,
  decodeOutcomes,
  encodeOperations,
  encodeOutcomes,
  keyText,
  type Operation,
  type Outcome,
} from "./operation";
import { cancel, put, renew } from "./testing/operations";

const timestamp = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
// Whatever a client may send: quotes, control characters of JSON, halves of surrogate pairs, names of Object's.
const word = fc.oneof(
  fc.string({ minLength: 1, unit: "grapheme" }),
  fc.constantFrom("__proto__", "\ud800", '"', "\\u0000"),
);
const key = fc.record({ env: word, appid: word, zone: word, hostname: word });
const silentMs = fc.nat({ max: 3_600_000 });
const instance = fc
  .record({
    env: word,
    appid: word,
    zone: word,
    hostname: word,
    region: fc.string(),
    version: fc.string(),
    addrs: fc.array(
      fc.webUrl().filter((url) => !url.includes(",")),
      { minLength: 1, maxLength: 3 },
    ),
    metadata: fc.array(fc.tuple(word, fc.string()), { maxLength: 3 }),
    status: fc.constantFrom(STATUS_UP, STATUS_WAITING),
    regTimestamp: timestamp,
    upTimestamp: timestamp,
    renewTimestamp: timestamp,
    dirtyTimestamp: timestamp,
    latestTimestamp: timestamp,
  })
  .map(({ metadata, ...rest }) =>
    instanceWith({ ...rest, metadata: new Map([...new Map(metadata)].sort(([a], [b]) => (a < b ? -1 : 1))) }),
  );
const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), instance, silentMs }),
  fc.record({
    kind: fc.constant("renew" as const),
    key,
    region: fc.constant(""),
    dirty: timestamp,
    silentMs,
  }),
  fc.record({ kind: fc.constant("cancel" as const), key, region: fc.string(), at: timestamp }),
);
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ code: fc.constantFrom(codes.ok, codes.notFound, codes.badRequest) }),
  fc.record({ code: fc.constant(codes.conflict), instance }),
  fc.record({ code: fc.constant(codes.conflict), cancelledAt: timestamp }),
);

test("what a node writes another reads, to the digit", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 4 }), (operations) => {
      expect(decodeOperations(encodeOperations(operations))).toEqual(operations);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("what a node answers another reads, to the digit", () => {
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 4 }), (outcomes) => {
      expect(decodeOutcomes(parseWithTimestamps(encodeOutcomes(outcomes)))).toEqual(outcomes);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("news is an object, with its timestamps as bare integers", () => {
  const text = encodeOperations([cancel("h1", 8_999_999_999_999_999_999n)]);
  expect(text).toContain('"latest_timestamp":8999999999999999999}');
});

test("a heartbeat is a short list", () => {
  expect(encodeOperations([renew("h1", 1_795_342_219_143_135_554n, 20)])).toBe(
    '[["dev","provider","sh001","h1","1795342219143135554",20]]',
  );
});

test("what is heard is answered with its code alone", () => {
  expect(encodeOutcomes([{ code: 0 }, { code: -404 }])).toBe("[0,-404]");
});

test.each([
  ["an unknown kind", '{"op":"merge"}'],
  ["no kind", "{}"],
  ["no object", "7"],
  ["null", "null"],
  ["a key that is not whole", '{"op":"cancel","env":"dev","appid":"a","zone":"z","latest_timestamp":1}'],
  ["an empty name", '{"op":"cancel","env":"","appid":"a","zone":"z","hostname":"h","latest_timestamp":1}'],
  ["a heartbeat without a host name", '["dev","a","z"]'],
  ["a heartbeat with an empty name", '["","a","z","h","1",0]'],
  ["a heartbeat with a number for a name", '["dev",1,"z","h","1",0]'],
  ["a heartbeat without a version", '["dev","a","z","h"]'],
  ["a heartbeat with a version out of range", '["dev","a","z","h","9223372036854775808",0]'],
  ["an empty list", "[]"],
  ["a cancel without a moment", '{"op":"cancel","env":"dev","appid":"a","zone":"z","hostname":"h"}'],
  [
    "a timestamp out of range",
    '{"op":"cancel","env":"dev","appid":"a","zone":"z","hostname":"h","latest_timestamp":9223372036854775808}',
  ],
  ["a put without an instance", '{"op":"put","silent_ms":0}'],
  [
    "a status that is none",
    `{"op":"put","instance":{"env":"dev","appid":"a","zone":"z","hostname":"h","status":3}}`,
  ],
])("an operation that cannot be read (%s) leaves the others as they are", (_what, text) => {
  const whole = encodeOperations([put("h1")]).slice(1, -1);
  expect(decodeOperations(`[${text},${whole}]`)).toEqual([undefined, put("h1")]);
});

test.each(["", "{", '{"op":"put"}', "null", '"[]"'])(
  "a body that is no list of operations is -400: %s",
  (text) => {
    expect(() => decodeOperations(text)).toThrow(expect.objectContaining({ code: codes.badRequest }));
    expect(() => decodeOperations(text)).toThrow(CodedError);
  },
);

test.each(["-1", '"5"', "null", "{}"])("a silence of %s is none", (silence) => {
  expect(decodeOperations(`[["dev","provider","sh001","h1","4000",${silence}]]`)).toEqual([
    { ...renew("h1", 4_000n, 0), region: "" },
  ]);
  const text = encodeOperations([put("h1")]).replace('"silent_ms":0', `"silent_ms":${silence}`);
  expect(decodeOperations(text)).toEqual([put("h1")]);
});

test("the silence of a heartbeat may be left out", () => {
  expect(decodeOperations('[["dev","provider","sh001","h1","4000"]]')).toEqual([
    { ...renew("h1", 4_000n, 0), region: "" },
  ]);
});

test("a region may be left out", () => {
  const text = encodeOperations([cancel("h1")]).replace('"region":"sh",', "");
  expect(decodeOperations(text)).toEqual([{ ...cancel("h1"), region: "" }]);
});

test.each([[{ code: "0" }], [{}], [null], ["0"]])("an outcome without a code is an error: %j", (value) => {
  expect(() => decodeOutcomes([value])).toThrow(expect.objectContaining({ code: codes.badRequest }));
});

test("a key as text tells instances apart that differ in any part", () => {
  const keys = [
    { env: "dev", appid: "a", zone: "z", hostname: "h" },
    { env: "pro", appid: "a", zone: "z", hostname: "h" },
    { env: "dev", appid: "b", zone: "z", hostname: "h" },
    { env: "dev", appid: "a", zone: "y", hostname: "h" },
    { env: "dev", appid: "a", zone: "z", hostname: "g" },
  ];
  expect(new Set(keys.map(keyText)).size).toBe(keys.length);
});
