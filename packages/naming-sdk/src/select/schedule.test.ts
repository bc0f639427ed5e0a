import { scheduleNode, weightOf } from "./schedule";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";
import type { Instance, InstancesInfo, Scheduler } from "../naming";

function instances(zone: string, count: number, weight?: string): Instance[] {
  const metadata = new Map(weight === undefined ? [] : [["weight", weight]]);
  return Array.from({ length: count }, (_, i) => instanceWith({ zone, hostname: `${zone}-${i}`, metadata }));
}

function schedulerFor(zones: Record<string, number>): Scheduler {
  const strategy = new Map(Object.entries(zones).map(([zone, weight]) => [zone, { weight }]));
  return { clients: new Map([["zone01", { zones: strategy }]]) };
}

/** Zone to its share of all weight. */
function shares({ instances: zones }: InstancesInfo): Record<string, number> {
  const weight = (list: readonly Instance[]) => list.reduce((sum, instance) => sum + weightOf(instance), 0);
  const sum = weight([...zones.values()].flat());
  return Object.fromEntries([...zones].map(([zone, list]) => [zone, weight(list) / sum]));
}

test.each([
  [{ zone01: 1, zone02: 1 }, 1, 9],
  [{ zone01: 8, zone02: 2 }, 3, 50],
  [{ zone01: 1, zone02: 99 }, 40, 1],
  [{ zone01: 333, zone02: 667 }, 7, 13],
])("zones share traffic as %j says, with %d and %d instances", (weights, own, other) => {
  const scheduler = schedulerFor(weights);
  const info = infoOf([...instances("zone01", own), ...instances("zone02", other)], { scheduler });
  const sum = weights.zone01 + weights.zone02;
  const scheduled = shares(scheduleNode(info, "zone01"));
  expect(Math.abs((scheduled["zone01"] ?? 0) - weights.zone01 / sum)).toBeLessThan(0.005);
});

test("instances of one zone keep the proportion of their weights", () => {
  const scheduler = schedulerFor({ zone01: 1, zone02: 3 });
  const list = [
    ...instances("zone01", 1, "5"),
    instanceWith({ hostname: "x", metadata: new Map([["weight", "15"]]) }),
  ];
  const scheduled = scheduleNode(infoOf([...list, ...instances("zone02", 1)], { scheduler }), "zone01");
  const [small, large] = scheduled.instances.get("zone01") ?? [];
  expect(weightOf(large as Instance) / weightOf(small as Instance)).toBe(3);
});

test("a zone of weight 0, or that the strategy does not name, gets nothing", () => {
  const scheduler = schedulerFor({ zone01: 1, zone02: 0 });
  const info = infoOf(
    ["zone01", "zone02", "zone03"].flatMap((zone) => instances(zone, 1)),
    { scheduler },
  );
  expect([...scheduleNode(info, "zone01").instances.keys()]).toEqual(["zone01"]);
});

test("a zone of the strategy without instances leaves its share to the others", () => {
  const scheduler = schedulerFor({ zone01: 9, zone02: 1 });
  const info = infoOf(instances("zone02", 2), { scheduler });
  expect(shares(scheduleNode(info, "zone01"))).toEqual({ zone02: 1 });
});

test("without a strategy for the client's zone its own zone is used", () => {
  const info = infoOf([...instances("zone02", 1), ...instances("zone03", 1)], {
    scheduler: schedulerFor({ zone03: 1 }),
  });
  expect(hostnamesOf(scheduleNode(info, "zone02"))).toEqual(["zone02-0"]);
});

test("without a strategy, and with an empty zone, all zones are used", () => {
  const info = infoOf([...instances("zone02", 1), ...instances("zone03", 1)]);
  expect(scheduleNode(info, "zone01")).toBe(info);
});

test("a strategy whose zones are all empty counts as none", () => {
  const info = infoOf(instances("zone02", 1), { scheduler: schedulerFor({ zone03: 1 }) });
  expect(hostnamesOf(scheduleNode(info, "zone01"))).toEqual(["zone02-0"]);
});

test("what others see keeps its weights", () => {
  const scheduler = schedulerFor({ zone01: 1 });
  const info = infoOf(instances("zone01", 1, "7"), { scheduler });
  scheduleNode(info, "zone01");
  expect(info.instances.get("zone01")?.[0]?.metadata.get("weight")).toBe("7");
});

test.each([
  [undefined, 10],
  ["25", 25],
  ["0", 10],
  ["-1", 10],
  ["many", 10],
])("weight %s counts as %d", (weight, counted) => {
  const metadata = new Map(weight === undefined ? [] : [["weight", weight]]);
  expect(weightOf(instanceWith({ metadata }))).toBe(counted);
});
