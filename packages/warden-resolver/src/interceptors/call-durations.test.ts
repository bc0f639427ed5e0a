import { status as Status } from "@grpc/grpc-js";
import { Histogram, Registry } from "prom-client";
import { CallDurations } from "./call-durations";

const OPTIONS = { name: "durations", help: "How long calls took." };
const of = (registry: Registry) => CallDurations.in({ ...OPTIONS, registry });

/** The lines of a scrape that begin so, without the beginning. */
async function scraped(registry: Registry, beginning: string): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.flatMap((line) => (line.startsWith(beginning) ? [line.slice(beginning.length)] : []));
}

test("a scrape shows every duration, however many wait", async () => {
  const registry = new Registry();
  const durations = of(registry);
  durations.add("/a.B/C", Status.OK, 2);
  expect(await scraped(registry, "durations_count")).toEqual(['{method="/a.B/C",code="OK"} 1']);
  for (let i = 0; i < 1_000; i++) durations.add("/a.B/C", Status.OK, 2);
  expect(await scraped(registry, "durations_count")).toEqual(['{method="/a.B/C",code="OK"} 1001']);
  expect(await scraped(registry, "durations_count")).toEqual(['{method="/a.B/C",code="OK"} 1001']);
});

test("durations are in seconds, and fall into the bucket they are not above", async () => {
  const registry = new Registry();
  const durations = of(registry);
  for (const ms of [0.5, 2.5, 2.6, 9_000]) durations.add("/a.B/C", Status.OK, ms);
  const buckets = await scraped(registry, "durations_bucket");
  expect(buckets.slice(0, 3)).toEqual([
    '{le="0.001",method="/a.B/C",code="OK"} 1',
    '{le="0.0025",method="/a.B/C",code="OK"} 2',
    '{le="0.005",method="/a.B/C",code="OK"} 3',
  ]);
  expect(buckets.at(-1)).toBe('{le="+Inf",method="/a.B/C",code="OK"} 4');
  const [sum = ""] = await scraped(registry, 'durations_sum{method="/a.B/C",code="OK"} ');
  expect(Number(sum)).toBeCloseTo(9.0056, 9);
});

test("methods and statuses are told apart, and a status without a name is its number", async () => {
  const registry = new Registry();
  const durations = of(registry);
  durations.add("/a.B/C", Status.OK, 1);
  durations.add("/a.B/C", Status.UNAVAILABLE, 1);
  durations.add("/a.B/D", Status.OK, 1);
  durations.add("/a.B/D", 99 as Status, 1);
  expect(await scraped(registry, "durations_count")).toEqual([
    '{method="/a.B/C",code="OK"} 1',
    '{method="/a.B/C",code="UNAVAILABLE"} 1',
    '{method="/a.B/D",code="OK"} 1',
    '{method="/a.B/D",code="99"} 1',
  ]);
});

test("who shares a registry shares the durations", async () => {
  const registry = new Registry();
  of(registry).add("/a.B/C", Status.OK, 1);
  of(registry).add("/a.B/C", Status.OK, 1);
  expect(of(registry)).toBe(of(registry));
  expect(await scraped(registry, "durations_count")).toEqual(['{method="/a.B/C",code="OK"} 2']);
});

test("a reset forgets those that wait, too", async () => {
  const registry = new Registry();
  const durations = of(registry);
  durations.add("/a.B/C", Status.OK, 1);
  registry.resetMetrics();
  durations.add("/a.B/C", Status.OK, 1);
  expect(await scraped(registry, "durations_count")).toEqual(['{method="/a.B/C",code="OK"} 1']);
});

test("durations go into a histogram of that name which another version of this package has made", async () => {
  const registry = new Registry();
  new Histogram({ ...OPTIONS, labelNames: ["method", "code"], registers: [registry] });
  of(registry).add("/a.B/C", Status.OK, 2);
  expect(await scraped(registry, "durations_sum")).toEqual(['{method="/a.B/C",code="OK"} 0.002']);
});
