import { seededRandom } from "@discoveryd/runtime/testing";
import { hash53, subset } from "./subset";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";
import type { Instance } from "../naming";

const CLIENTS = 100;
const INSTANCES = 100;
const SIZE = 20;

const instances: Instance[] = Array.from({ length: INSTANCES }, (_, i) =>
  instanceWith({ zone: i % 2 ? "zone01" : "zone02", hostname: `host-${i}` }),
);
const clients = Array.from({ length: CLIENTS }, (_, i) => `client-${i}`);

function chosen(client: string, list: readonly Instance[] = instances): Set<string> {
  return new Set(hostnamesOf(subset(infoOf(list), SIZE, client)));
}

/** The standard deviation over the mean of how many clients each instance has. */
function spreadOf(seed: number): number {
  const random = seededRandom(seed);
  const counts = new Map(instances.map(({ hostname }) => [hostname, 0]));
  for (let i = 0; i < CLIENTS; i++) {
    for (const hostname of chosen(`client-${random()}`))
      counts.set(hostname, (counts.get(hostname) ?? 0) + 1);
  }
  const mean = (CLIENTS * SIZE) / INSTANCES;
  const squares = [...counts.values()].reduce((sum, count) => sum + (count - mean) ** 2, 0);
  return Math.sqrt(squares / INSTANCES) / mean;
}

test("every client has as many instances as asked for, always the same", () => {
  for (const client of clients) {
    expect(chosen(client).size).toBe(SIZE);
    expect(chosen(client)).toEqual(chosen(client, [...instances].reverse()));
  }
});

// Clients choose without knowing of each other, so the number that choose one instance is binomial: 20 +- 4.
test("the spread of 100 clients over 100 instances is within 25% of even", () => {
  const spreads = Array.from({ length: 5 }, (_, seed) => spreadOf(seed));
  for (const deviation of spreads) expect(deviation).toBeLessThan(0.25);
});

test("an instance that leaves changes one of a client's at most, and nothing at clients without it", () => {
  for (const gone of instances.slice(0, 25)) {
    const left = instances.filter((instance) => instance !== gone);
    for (const client of clients.slice(0, 10)) {
      const before = chosen(client);
      const kept = [...chosen(client, left)].filter((hostname) => before.has(hostname));
      expect(kept.length).toBe(before.has(gone.hostname) ? SIZE - 1 : SIZE);
    }
  }
});

test("with no more instances than asked for, all are used", () => {
  const info = infoOf(instances.slice(0, SIZE));
  expect(subset(info, SIZE, "client")).toBe(info);
});

test("instances of the same name in two zones are two instances", () => {
  const twins = ["zone01", "zone02"].map((zone) => instanceWith({ zone }));
  const zones = clients.map((client) => [...subset(infoOf(twins), 1, client).instances.keys()][0]);
  expect(new Set(zones)).toEqual(new Set(["zone01", "zone02"]));
});

test("the hash flips half of its bits when the text changes by one", () => {
  const flips = Array.from({ length: 2_000 }, (_, i) => bitsOf(hash53(`host-${i}`), hash53(`host-${i + 1}`)));
  const mean = flips.reduce((sum, bits) => sum + bits, 0) / flips.length;
  expect(mean).toBeGreaterThan(26);
  expect(mean).toBeLessThan(27);
});

test("20,000 similar texts have different hashes", () => {
  const hashes = Array.from({ length: 20_000 }, (_, i) => hash53(`app/zone01/host-${i}`));
  expect(new Set(hashes).size).toBe(20_000);
});

function bitsOf(a: number, b: number): number {
  return (BigInt(a) ^ BigInt(b)).toString(2).replaceAll("0", "").length;
}
