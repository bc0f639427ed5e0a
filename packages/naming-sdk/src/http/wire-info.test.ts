import { parseWithTimestamps } from "@discoveryd/protocol";
import fc from "fast-check";
import type { Instance, InstancesInfo } from "../naming";
import { infoOf, instanceWith } from "../testing/builders";
import { infoFromWire, infoToWire } from "./wire-info";

const timestamp = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const text = fc.string({ maxLength: 12 });
const zone = fc.constantFrom("zone01", "zone02", "__proto__");

const instance: fc.Arbitrary<Instance> = fc
  .record({
    hostname: text,
    zone,
    version: text,
    addrs: fc.array(fc.constantFrom("grpc://h:1", "http://h:2"), { minLength: 1, maxLength: 3 }),
    metadata: fc.dictionary(text, text).map((entries) => sorted(Object.entries(entries))),
    status: fc.constantFrom<1 | 2>(1, 2),
    lastTs: timestamp,
  })
  .map(instanceWith);

const info: fc.Arbitrary<InstancesInfo> = fc
  .tuple(fc.array(instance, { maxLength: 5 }), timestamp)
  .map(([list, lastTs]) => infoOf(list, { lastTs }));

function sorted(entries: [string, string][]): Map<string, string> {
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

test("what is written is read back, timestamps to the digit", () => {
  fc.assert(
    fc.property(info, (before) => {
      expect(infoFromWire(parseWithTimestamps(infoToWire(before)))).toEqual(before);
    }),
    { seed: 1 },
  );
});

test("a scheduler is read back", () => {
  const scheduler = { clients: new Map([["zone01", { zones: new Map([["zone02", { weight: 3 }]]) }]]) };
  const before = infoOf([instanceWith()], { scheduler });
  expect(infoFromWire(parseWithTimestamps(infoToWire(before)))).toEqual(before);
});

test("zones without an instance are left out", () => {
  const empty = infoFromWire({ instances: { zone01: [] }, latest_timestamp: 1_000 });
  expect(empty).toEqual({ instances: new Map(), lastTs: 1_000n });
});
