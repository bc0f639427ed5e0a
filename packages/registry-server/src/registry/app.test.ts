import { instanceWith } from "../testing/builders";
import { App } from "./app";
import { StoredInstance } from "./stored-instance";
import type { View } from "./views";

const up: View = { zone: undefined, status: 1, shape: "zones" };

function stored(changes: Parameters<typeof instanceWith>[0] = {}): StoredInstance {
  return new StoredInstance(instanceWith(changes), 0);
}

test.each([
  [0n, 5_000n, 5_000n],
  [0n, 5_001n, 6_000n],
  [0n, 5_999n, 6_000n],
  [9_000n, 5_000n, 10_000n],
  [9_000n, 9_000n, 10_000n],
  [9_000n, 8_001n, 10_000n],
  [9_000n, 9_001n, 10_000n],
  [0n, 0n, 1_000n],
])("after %d a change at %d makes the app's timestamp %d", (before, at, expected) => {
  const app = new App("dev", "provider");
  if (before > 0n) app.changed(before);
  app.changed(at);
  expect(app.latestTimestamp).toBe(expected);
});

test("a zone without an instance is absent, an app remembers since when it is empty", () => {
  const app = new App("dev", "provider");
  app.add(stored());
  app.add(stored({ zone: "sh002" }));
  expect(app.remove({ zone: "sh001", hostname: "h1" }, 5)).toBeDefined();
  expect([...app.zones.keys()]).toEqual(["sh002"]);
  expect([app.exists("sh001"), app.exists("sh002"), app.exists(undefined)]).toEqual([false, true, true]);
  expect(app.emptySince).toBeUndefined();
  app.remove({ zone: "sh002", hostname: "h1" }, 6);
  expect([app.size, app.emptySince, app.exists(undefined)]).toEqual([0, 6, false]);
  app.add(stored());
  expect(app.emptySince).toBeUndefined();
});

test("the removal of what is not there changes nothing", () => {
  const app = new App("dev", "provider");
  app.add(stored());
  expect(app.remove({ zone: "sh001", hostname: "h2" }, 5)).toBeUndefined();
  expect(app.remove({ zone: "sh002", hostname: "h1" }, 5)).toBeUndefined();
  expect(app.size).toBe(1);
});

test.each([
  [{}, true],
  [{ zone: "sh001" }, true],
  [{ zone: "sh002" }, false],
  [{ zone: "sh003" }, false],
  [{ zone: "sh002", status: 2 }, true],
  [{ status: 2 }, true],
  [{ status: 4 }, false],
])("with one up in sh001 and one waiting in sh002, %j shows an instance: %s", (view, shows) => {
  const app = new App("dev", "provider");
  app.add(stored({ zone: "sh001", status: 1 }));
  app.add(stored({ zone: "sh002", status: 2 }));
  expect(app.shows({ ...up, ...view })).toBe(shows);
});
