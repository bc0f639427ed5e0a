import fc from "fast-check";
import {
  decodeInstance,
  decodeInstancesInfo,
  decodeListedInfo,
  decodeScheduler,
  encodeAroundRenew,
  encodeInstance,
  encodeMetadata,
  encodeScheduler,
  metadataOf,
  type Instance,
  type Scheduler,
} from "./instance";
import { parseExact } from "./parse-exact";
import { parseWithTimestamps } from "./parse-with-timestamps";

fc.configureGlobal({ seed: 1, numRuns: 500 });

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "1",
    'x"y\\',
    '"latest_timestamp":1795342003214049717',
  ),
);
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const addr = text.filter((value) => value !== "" && !value.includes(","));
const instances: fc.Arbitrary<Instance> = fc.record({
  region: text,
  zone: text,
  env: text,
  appid: text,
  hostname: text,
  addrs: fc.array(addr, { maxLength: 3 }),
  version: text,
  metadata: fc.array(fc.tuple(text, text), { maxLength: 4 }).map(metadataOf),
  status: fc.constantFrom(1, 2),
  regTimestamp: int64,
  upTimestamp: int64,
  renewTimestamp: int64,
  dirtyTimestamp: int64,
  latestTimestamp: int64,
});

/** As the original node answers it, in its order of fields. */
const wire = {
  region: "sh",
  zone: "sh001",
  env: "dev",
  appid: "provider",
  hostname: "h1",
  addrs: ["http://127.0.0.1:8000"],
  version: "v2",
  metadata: { weight: "10" } as unknown,
  status: 1,
  reg_timestamp: 1,
  up_timestamp: 2,
  renew_timestamp: 3,
  dirty_timestamp: 4,
  latest_timestamp: 5,
};

function decodeWith(changes: Record<string, unknown>): Instance {
  return decodeInstance(parseWithTimestamps(JSON.stringify({ ...wire, ...changes })));
}

test("an instance makes the way over the wire unchanged", () => {
  fc.assert(
    fc.property(instances, (instance) => {
      expect(decodeInstance(parseWithTimestamps(encodeInstance(instance)))).toEqual(instance);
    }),
  );
});

test("an instance is valid JSON, its timestamps bare integers", () => {
  const encoded = encodeInstance({ ...decodeWith({}), latestTimestamp: 1795342003214049717n });
  expect(encoded).toMatch(/"latest_timestamp":1795342003214049717}$/);
  expect(() => JSON.parse(encoded) as unknown).not.toThrow();
});

test("fields are written in the original's order", () => {
  const encoded = JSON.parse(encodeInstance(decodeWith({}))) as object;
  expect(encoded).toEqual(wire);
  expect(Object.keys(encoded)).toEqual(Object.keys(wire));
});

test("around the time of the last renew an instance's text stays the same", () => {
  fc.assert(
    fc.property(instances, int64, (instance, renewTimestamp) => {
      const [head, tail] = encodeAroundRenew(instance);
      expect(head + renewTimestamp + tail).toBe(encodeInstance({ ...instance, renewTimestamp }));
    }),
  );
});

test("metadata is in order of key, and the later of two values stays", () => {
  const metadata = metadataOf([
    ["weight", "10"],
    ["color", "red"],
    ["weight", "20"],
  ]);
  expect([...metadata]).toEqual([
    ["color", "red"],
    ["weight", "20"],
  ]);
  expect(encodeMetadata(metadata)).toBe('{"color":"red","weight":"20"}');
});

test("metadata's keys are data, __proto__ too", () => {
  const { metadata } = decodeInstance(parseWithTimestamps(`{"status":1,"metadata":{"__proto__":"x"}}`));
  expect([...metadata]).toEqual([["__proto__", "x"]]);
});

test.each<[metadata: unknown, read: [string, string][]]>([
  [null, []],
  [undefined, []],
  [{}, []],
  [{ a: null }, [["a", ""]]],
  [{ weight: 10 }, [["weight", "10"]]],
  [{ a: true }, [["a", "true"]]],
  [{ a: [1, { b: 2 }] }, [["a", '[1,{"b":2}]']]],
])("metadata %j is read as %j", (metadata, read) => {
  expect([...decodeWith({ metadata }).metadata]).toEqual(read);
});

test("addresses joined by commas are several", () => {
  expect(decodeWith({ addrs: ["http://a:1,grpc://b:2", "", "c:3"] }).addrs).toEqual([
    "http://a:1",
    "grpc://b:2",
    "c:3",
  ]);
});

test("what is absent is empty", () => {
  expect(decodeInstance({ status: 2 })).toMatchObject({ region: "", addrs: [], latestTimestamp: 0n });
});

test.each<[changes: Record<string, unknown>, message: string]>([
  [{ status: 3 }, "parameter status = 3: 1 (up) or 2 (waiting)"],
  [{ status: "1" }, 'parameter status = "1": 1 (up) or 2 (waiting)'],
  [{ zone: 7 }, "parameter zone = 7: a string"],
  [{ addrs: [7] }, "parameter addrs = 7: a list of strings"],
  [{ addrs: "a:1" }, 'addrs is not a JSON array: "a:1"'],
  [{ metadata: [1] }, "metadata is not a JSON object: [1]"],
  [{ dirty_timestamp: true }, "parameter dirty_timestamp = true: an int64"],
  [{ dirty_timestamp: "9223372036854775808" }, 'parameter dirty_timestamp = "9223372036854775808": an int64'],
])("an instance with %j is refused", (changes, message) => {
  expect(() => decodeWith(changes)).toThrow(expect.objectContaining({ code: -400, message }));
});

test.each([undefined, null, "x", []])("%j is no instance", (value) => {
  expect(() => decodeInstance(value)).toThrow(/^instance is not a JSON object: /);
});

describe("an app", () => {
  const app = (text: string) => decodeInstancesInfo(parseWithTimestamps(text));

  test("is read with its zones, its schedule and its timestamp to the digit", () => {
    const encoded = encodeInstance(decodeWith({}));
    const info = app(
      `{"instances":{"sh001":[${encoded}],"__proto__":[]},"scheduler":{"clients":{}},"latest_timestamp":1795342003214049717}`,
    );
    expect([...info.instances]).toEqual([
      ["sh001", [decodeWith({})]],
      ["__proto__", []],
    ]);
    expect(info.scheduler).toEqual({ clients: new Map() });
    expect(info.latestTimestamp).toBe(1795342003214049717n);
  });

  test("may be read with what consumers use alone", () => {
    const { region, zone, env, appid, hostname, addrs, version, metadata, status, latestTimestamp } =
      decodeWith({});
    const listed = { region, zone, env, appid, hostname, addrs, version, metadata, status, latestTimestamp };
    const text = `{"instances":{"sh001":[${encodeInstance(decodeWith({}))}]},"latest_timestamp":1795342003214049717}`;
    const { value, timestampOf } = parseExact(text, "latest");
    expect(decodeListedInfo(value, timestampOf)).toEqual({
      instances: new Map([["sh001", [listed]]]),
      latestTimestamp: 1795342003214049717n,
    });
    expect(decodeListedInfo(parseWithTimestamps(text))).toEqual(decodeListedInfo(value, timestampOf));
  });

  test.each(['{"instances":{}}', '{"instances":null,"scheduler":null}', "{}"])(
    "without instances may be %s",
    (empty) => {
      expect(app(empty)).toEqual({ instances: new Map(), latestTimestamp: 0n });
    },
  );

  test("may have a zone that is null, as an empty list of Go is", () => {
    expect([...app('{"instances":{"sh001":null}}').instances]).toEqual([["sh001", []]]);
  });

  test.each([
    ["null", "instances info is not a JSON object: null"],
    ['{"instances":[]}', "instances is not a JSON object: []"],
    ['{"instances":{"z":{}}}', "instances.z is not a JSON array: {}"],
    ['{"latest_timestamp":"x"}', 'parameter latest_timestamp = "x": an int64'],
  ])("is not %s", (broken, message) => {
    expect(() => app(broken)).toThrow(expect.objectContaining({ code: -400, message }));
  });
});

describe("a scheduler", () => {
  const schedulers: fc.Arbitrary<Scheduler> = fc
    .array(fc.tuple(text, fc.array(fc.tuple(text, fc.nat()))))
    .map((clients) => ({
      clients: new Map(
        clients.map(([client, zones]) => [
          client,
          { zones: new Map(zones.map(([zone, weight]) => [zone, { weight }])) },
        ]),
      ),
    }));

  test("makes the way over the wire unchanged", () => {
    fc.assert(
      fc.property(schedulers, (scheduler) => {
        expect(decodeScheduler(JSON.parse(encodeScheduler(scheduler)))).toEqual(scheduler);
      }),
    );
  });

  test("without clients, or a client without zones, is empty", () => {
    expect(decodeScheduler({})).toEqual({ clients: new Map() });
    expect(decodeScheduler({ clients: { a: {} } })).toEqual({
      clients: new Map([["a", { zones: new Map() }]]),
    });
  });

  test.each([-1, 1.5, "1", null, undefined])("has no zone of weight %p", (weight) => {
    const scheduler = { clients: { a: { zones: { z: { weight } } } } };
    expect(() => decodeScheduler(scheduler)).toThrow(
      /^parameter scheduler\.clients\.a\.zones\.z\.weight = .*: a whole number from 0 up$/,
    );
  });
});

test("metadata nested too deep to be text is refused", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  const decode = () => decodeInstance(parseWithTimestamps(`{"status":1,"metadata":{"key":${deep}}}`));
  expect(decode).toThrow("metadata.key is nested too deep");
});
