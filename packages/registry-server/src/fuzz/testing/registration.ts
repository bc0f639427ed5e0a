import fc from "fast-check";
import type { Carrier } from "./carriers";

/** An instance at the limits of what may be registered. */
export interface Registration {
  readonly env: string;
  readonly appid: string;
  readonly zone: string;
  readonly hostname: string;
  readonly region: string;
  readonly version: string;
  readonly addrs: readonly string[];
  /** Pairs, because keys such as `__proto__` are data. In order of key. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

const MAX_NAME_BYTES = 255;
const MAX_METADATA_BYTES = 16_384;
const ODD = [
  "__proto__",
  "constructor",
  "toString",
  "null",
  "0",
  "-1",
  "*",
  "a b",
  " ",
  "%41",
  "a+b",
  "a&b=c",
  "{}",
  '"',
  "\\",
];

/** Every registration that this carrier can carry. */
export function registrationArb({ carriesHalves }: Carrier): fc.Arbitrary<Registration> {
  const anyText = fc.string({ unit: "binary", maxLength: 40 });
  const text = carriesHalves
    ? fc.oneof(anyText, fc.constantFrom("\ud800", "x\udfff"))
    : anyText.map(wellFormed);
  const name = fc
    .oneof(text, fc.constantFrom(...ODD, "x".repeat(MAX_NAME_BYTES), "é".repeat(127), "😀".repeat(63)))
    .filter((value) => !/[\p{Cc},]/u.test(value) && Buffer.byteLength(value) <= MAX_NAME_BYTES);
  const needed = name.filter((value) => value !== "" && value !== "infra.discovery");
  return fc.record({
    env: needed,
    appid: needed,
    zone: needed,
    hostname: needed,
    region: name,
    version: name,
    addrs: fc.array(addrArb, { minLength: 1, maxLength: 32 }),
    metadata: metadataArb(fc.oneof(text, fc.constantFrom(...ODD))),
  });
}

const portArb = fc.integer({ min: 1, max: 65_535 });

const addrArb = fc
  .oneof(
    fc.constantFrom(
      "grpc://[::1]:9000",
      "[::1]:80",
      "http://a/b?c=d&e=%20#f",
      `http://${"x".repeat(505)}`,
      "a+b-c.d://x",
    ),
    fc.tuple(fc.ipV4(), portArb).map(([ip, port]) => `${ip}:${port}`),
    fc.tuple(fc.domain(), portArb).map(([domain, port]) => `grpc://${domain}:${port}`),
  )
  .filter((addr) => /^[a-z0-9[]/i.test(addr));

function metadataArb(text: fc.Arbitrary<string>): fc.Arbitrary<Registration["metadata"]> {
  const pairs = fc.uniqueArray(fc.tuple(text, text), { maxLength: 12, selector: ([key]) => key });
  const huge = fc.constant<[string, string][]>([["k", "v".repeat(MAX_METADATA_BYTES - '{"k":""}'.length)]]);
  return fc
    .oneof({ arbitrary: pairs, weight: 9 }, { arbitrary: huge, weight: 1 })
    .map((list) => [...list].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Metadata as JSON. */
export function jsonOf(metadata: Registration["metadata"]): string {
  return `{${metadata.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
