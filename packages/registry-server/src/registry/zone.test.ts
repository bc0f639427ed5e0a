import type { Instance } from "@discoveryd/protocol";
import { seededRandom } from "@discoveryd/runtime/testing";
import { shuffle } from "@discoveryd/runtime";
import { instanceWith } from "../testing/builders";
import { StoredInstance } from "./stored-instance";
import { Zone } from "./zone";

function stored(hostname: string, changes: Partial<Instance> = {}): StoredInstance {
  return new StoredInstance(instanceWith({ hostname, ...changes }), 0);
}

function hostnames(zone: Zone): string[] {
  return zone.all().map(({ instance }) => instance.hostname);
}

test("instances stand in order of host name, in whatever order they come", () => {
  const names = Array.from({ length: 40 }, (_, i) => `host-${String(i).padStart(2, "0")}`);
  const zone = new Zone();
  for (const name of shuffle(names, seededRandom(1))) zone.add(stored(name));
  expect(hostnames(zone)).toEqual(names);
});

test("an instance is found by its host name, and no longer once removed", () => {
  const zone = new Zone();
  const instances = ["h2", "h1", "h3"].map((name) => stored(name));
  for (const instance of instances) zone.add(instance);
  expect(zone.find("h2")).toBe(instances[0]);
  expect(zone.remove("h2")).toBe(instances[0]);
  expect(zone.find("h2")).toBeUndefined();
  expect(hostnames(zone)).toEqual(["h1", "h3"]);
  expect(zone.size).toBe(2);
});

test("the removal of an unknown host name removes nothing", () => {
  const zone = new Zone();
  zone.add(stored("h1"));
  expect(zone.remove("h0")).toBeUndefined();
  expect(hostnames(zone)).toEqual(["h1"]);
});
