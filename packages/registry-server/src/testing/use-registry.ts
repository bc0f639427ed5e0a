import { timestampFromMs, type Timestamp } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import type { App } from "../registry/app";
import { Registry } from "../registry/registry";
import { START_MS } from "./use-node";

/** A registry on a fake clock, and what it has said. No timer may be left after the test. */
export function useRegistry() {
  const clocks: FakeClock[] = [];

  afterEach(() => {
    for (const clock of clocks.splice(0)) expect(clock.pending).toBe(0);
  });

  return function startRegistry() {
    const clock = new FakeClock(START_MS);
    clocks.push(clock);
    const registry = new Registry({
      clock,
      guard: { threshold: 0.85, minInstances: 10, matureMs: 90_000 },
    });
    const changes: App[] = [];
    registry.changed.on((app) => changes.push(app));
    return {
      registry,
      clock,
      /** The apps it has announced, in order. */
      changes,
      /** What its clock says, as a timestamp. */
      now: (): Timestamp => timestampFromMs(clock.now()),
      /** The timestamp of an app. */
      latest: (appid = "provider", env = "dev"): Timestamp => registry.apps.find(env, appid)!.latestTimestamp,
    };
  };
}
