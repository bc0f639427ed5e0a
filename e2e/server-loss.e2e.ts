import { eventually } from "./harness/eventually";
import { CONCURRENCY, failed, further, shares, startLoad, type Call, type Load } from "./harness/load";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();

// Servers renew every 27 to 30 s: no shorter lease keeps those that live.
const LEASE_MS = 32_000;
// An expired lease is evicted within this.
const EVICTION_MS = 1_000;
const OUT_OF_ROTATION_MS = 100;

/** Resolves once each server has answered some of the load. */
async function reaches(load: Load, names: readonly string[]): Promise<void> {
  await eventually(
    () => expect(Object.keys(shares(load.calls))).toEqual(expect.arrayContaining(names)),
    10_000,
  );
}

/** How long a busy machine held up a call that went well, in milliseconds: the client hears of a death as late. */
function slowest(calls: readonly Call[]): number {
  const good = calls.filter(({ code }) => code === 0);
  return good.reduce((most, { startedAt, endedAt }) => Math.max(most, endedAt - startedAt), 0);
}

test("a server killed with SIGKILL fails only calls in flight on it, and leaves the registry within the lease", async () => {
  const demo = await startDemo();
  const { servers } = await demo.startAll(["a", "b", "c"], { DISCOVERYD_LEASE_TTL: `${LEASE_MS}ms` });
  const load = startLoad(demo);
  await reaches(load, ["a", "b", "c"]);

  const { at: diedAt } = await servers.a.process.end("SIGKILL");
  await further(load, 200);
  await eventually(
    async () => expect((await demo.registered()).sort()).toEqual(["b", "c"]),
    LEASE_MS + EVICTION_MS,
  );

  const calls = await load.stop();
  expect(failed(calls).length).toBeLessThanOrEqual(CONCURRENCY);
  const outAt = diedAt + OUT_OF_ROTATION_MS + slowest(calls);
  const later = calls.filter(({ startedAt }) => startedAt > outAt);
  expect(failed(later)).toEqual([]);
  expect(Object.keys(shares(later)).sort()).toEqual(["b", "c"]);
});

test("a server stopped with SIGTERM under load fails no call, leaves the registry at once, and ends with status 0", async () => {
  const demo = await startDemo();
  const { servers } = await demo.startAll(["a", "b", "c"]);
  const load = startLoad(demo);
  await reaches(load, ["a", "b", "c"]);

  servers.a.process.kill("SIGTERM");
  await eventually(async () => expect((await demo.registered()).sort()).toEqual(["b", "c"]), 5_000);
  const { code } = await servers.a.process.exited;
  await further(load, 200);

  expect(code).toBe(0);
  expect(failed(await load.stop())).toEqual([]);
});
