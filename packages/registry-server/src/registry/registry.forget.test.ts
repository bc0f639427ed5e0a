import { timestampFromMs } from "@discoveryd/protocol";
import { key, registering } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";

const start = useRegistry();
const nobody = () => false;
const HOUR_MS = 3_600_000;

test("an app whose timestamp a peer has set ahead of our clock is kept until the clock has passed it", async () => {
  const { registry, clock, latest } = start();
  const ahead = timestampFromMs(clock.now() + HOUR_MS);
  registry.register(registering({ latestTimestamp: ahead, dirtyTimestamp: ahead }));
  registry.cancel(key);
  const held = latest();
  await clock.advance(HOUR_MS - 60_000);
  registry.tidy(nobody);
  registry.register(registering());
  expect(latest()).toBeGreaterThan(held);
});

test("what registers after an app was forgotten is newer than what its pollers hold, even if the clock went back", async () => {
  const { registry, clock, latest } = start();
  const ahead = timestampFromMs(clock.now() + 60_000);
  registry.register(registering({ latestTimestamp: ahead, dirtyTimestamp: ahead }));
  registry.cancel(key);
  const held = latest();
  registry.tidy(nobody);
  await clock.advance(600_000);
  registry.tidy(nobody);
  expect(registry.apps.find("dev", "provider")).toBeUndefined();
  clock.jump(-600_000);
  registry.register(registering());
  expect(latest()).toBeGreaterThan(held);
});
