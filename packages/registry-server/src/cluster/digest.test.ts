import { FakeClock } from "@discoveryd/runtime/testing";
import type { Instance } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";
import { BUCKETS, bucketOf, digestApps, digestBuckets } from "./digest";
import type { StoredInstance } from "../registry/stored-instance";

const startRegistry = useRegistry();
const always = () => true;

/** The digests of a registry with these instances, in this order. */
async function digestsOf(
  instances: readonly Instance[],
  isCounted: (stored: StoredInstance) => boolean = always,
) {
  const { registry, clock } = startRegistry();
  for (const instance of instances) registry.adopt(instance, 0);
  const apps = await digestApps(registry.apps, isCounted, clock);
  return { apps, buckets: digestBuckets(apps) };
}

const many = Array.from({ length: 60 }, (_, i) => instanceWith({ appid: `app${i % 12}`, hostname: `h${i}` }));

test("the same instances have the same digests, in whatever order they came", async () => {
  expect(await digestsOf(many)).toMatchObject({ buckets: (await digestsOf([...many].reverse())).buckets });
});

test.each<[string, Partial<Instance>]>([
  ["a version", { dirtyTimestamp: 4_001n }],
  ["an address", { addrs: ["grpc://127.0.0.1:9001"] }],
  ["metadata", { metadata: new Map([["a", "1"]]) }],
  ["a status", { status: 2 }],
  ["a zone", { zone: "sh002" }],
])("%s that differs makes the digest of its app differ, and no other", async (_what, changes) => {
  const before = await digestsOf(many);
  const after = await digestsOf([{ ...many[0]!, ...changes }, ...many.slice(1)]);
  const differing = before.buckets.flatMap((digest, i) => (digest === after.buckets[i] ? [] : [i]));
  expect(differing).toEqual([bucketOf(many[0]!)]);
});

test("a heartbeat makes no difference", async () => {
  const later = many.map((instance) => ({ ...instance, renewTimestamp: 9_000n }));
  expect((await digestsOf(later)).buckets).toEqual((await digestsOf(many)).buckets);
});

test("what does not count makes no difference, and an app of nothing else is as one that is not there", async () => {
  const extra = [
    ...many,
    instanceWith({ appid: "app1", hostname: "x" }),
    instanceWith({ appid: "silent", hostname: "x" }),
  ];
  const { buckets } = await digestsOf(extra, ({ instance }) => instance.hostname !== "x");
  expect(buckets).toEqual((await digestsOf(many)).buckets);
});

test("apps of the same name in two envs are two", async () => {
  const { apps } = await digestsOf([instanceWith(), instanceWith({ env: "pro" })]);
  expect(
    apps
      .flat()
      .map(({ env }) => env)
      .sort(),
  ).toEqual(["dev", "pro"]);
});

test("an empty registry has empty digests", async () => {
  const { buckets } = await digestsOf([]);
  expect(buckets).toEqual(Array.from({ length: BUCKETS }, () => ""));
});

test("apps spread over the buckets", () => {
  const used = new Set(Array.from({ length: 1_000 }, (_, i) => bucketOf({ env: "dev", appid: `app${i}` })));
  expect(used.size).toBeGreaterThan(200);
});

test("others get their turn while many apps are digested", async () => {
  const { registry } = startRegistry();
  for (let i = 0; i < 50; i++) registry.adopt(instanceWith({ appid: `app${i}` }), 0);
  let turns = 0;
  let isDone = false;
  const turn = () => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  // Every look at the clock is a millisecond later.
  const clock = new FakeClock();
  let time = 0;
  clock.monotonic = () => time++;
  const apps = await digestApps(registry.apps, always, clock);
  isDone = true;
  expect(apps.flat()).toHaveLength(50);
  expect(turns).toBeGreaterThan(5);
});
