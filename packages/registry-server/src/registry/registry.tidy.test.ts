import type { Scheduler } from "@discoveryd/protocol";
import { key, registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";

const start = useRegistry();
const scheduler: Scheduler = {
  clients: new Map([["sh001", { zones: new Map([["sh002", { weight: 1 }]]) }]]),
};
const nobody = () => false;

test("a schedule is told to consumers, and so is its end", async () => {
  const { registry, clock, latest, changes } = start();
  registry.register(registering());
  const first = latest();
  registry.schedule("dev", "provider", scheduler);
  const second = latest();
  await clock.advance(1);
  registry.schedule("dev", "provider", undefined);
  expect([first < second, second < latest()]).toEqual([true, true]);
  expect(changes).toHaveLength(3);
});

test("a schedule can come before the first instance", () => {
  const { registry } = start();
  registry.schedule("dev", "provider", scheduler);
  registry.register(registering());
  expect(registry.apps.find("dev", "provider")!.scheduler).toBe(scheduler);
});

test("the end of a schedule that nobody has is nothing", () => {
  const { registry, changes } = start();
  registry.schedule("dev", "provider", undefined);
  expect(changes).toHaveLength(0);
});

test("an app without instances is forgotten after 10 minutes", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  registry.cancel(key);
  await clock.advance(599_999);
  registry.tidy(nobody);
  expect(registry.apps.find("dev", "provider")).toBeDefined();
  await clock.advance(1);
  registry.tidy(nobody);
  expect(registry.apps.find("dev", "provider")).toBeUndefined();
});

test("an app that came back is not forgotten", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  registry.cancel(key);
  registry.register(registering());
  await clock.advance(600_000);
  registry.tidy(nobody);
  expect(registry.size).toBe(1);
});

test("an app that somebody waits for, or that has a schedule, is not forgotten", async () => {
  const { registry, clock } = start();
  for (const appid of ["awaited", "scheduled"]) {
    registry.register(registering({ appid }));
    registry.cancel({ ...key, appid });
  }
  registry.schedule("dev", "scheduled", scheduler);
  await clock.advance(600_000);
  registry.tidy((app) => app.appid === "awaited");
  expect([...registry.apps.all()].map(({ appid }) => appid)).toEqual(["awaited", "scheduled"]);
});

test("an app that only ever had a schedule is forgotten 10 minutes after that has gone", async () => {
  const { registry, clock } = start();
  registry.schedule("dev", "provider", scheduler);
  registry.schedule("dev", "provider", undefined);
  registry.tidy(nobody);
  await clock.advance(600_000);
  registry.tidy(nobody);
  expect(registry.apps.find("dev", "provider")).toBeUndefined();
});

test("tombstones that are over are forgotten", async () => {
  const { registry, clock } = start();
  registry.register(registering());
  registry.cancel(key);
  await clock.advance(179_999);
  registry.tidy(nobody);
  expect(registry.tombstones.size).toBe(1);
  await clock.advance(1);
  registry.tidy(nobody);
  expect(registry.tombstones.size).toBe(0);
});
