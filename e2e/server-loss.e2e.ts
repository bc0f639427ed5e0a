import { eventually, Hopeless } from "./harness/eventually";
import { printFigures } from "./harness/figures";
import { failed, further, shares, startLoad, type Load } from "./harness/load";
import { figuresOf, useOpenLoad } from "./harness/open-load";
import { useCaller } from "./harness/use-caller";
import { useDemo, type DemoServer } from "./harness/use-demo";

const startDemo = useDemo();
const startCaller = useCaller();
const startOpenLoad = useOpenLoad();

const NAMES = ["a", "b", "c"];
const SETTLED_MS = 20_000;
const PER_SECOND = 300;
const OUT_OF_ROTATION_MS = 100;
// A quick machine needs less than a second.
const CALLED_AGAIN_MS = 10_000;

const LEASE_MS = 5_000;
// Five a lease: a busy machine may miss some.
const RENEW_INTERVAL = "1s";
// An expired lease is evicted within a second; a busy machine may take longer.
const EVICTED_MS = LEASE_MS + 5_000;

/** Resolves once each server has answered some of the load. */
async function reaches(load: Load, names: readonly string[]): Promise<void> {
  await eventually(
    () => expect(Object.keys(shares(load.calls))).toEqual(expect.arrayContaining(names)),
    10_000,
  );
}

test("a server killed with SIGKILL fails only calls in flight on it, gets none 100 ms later, and is called again when it is back", async () => {
  const demo = await startDemo();
  await demo.startRegistry();
  // Slow enough that each has calls in flight.
  const servers = NAMES.map((name) => demo.startServer(name, { DEMO_DELAY: "20ms" }));
  const [a] = (await Promise.all(servers)) as [DemoServer];
  await eventually(async () => expect((await demo.registered()).sort()).toEqual(NAMES), SETTLED_MS);
  const load = startOpenLoad(await startCaller([`127.0.0.1:${demo.registryPort}`]).dial(), PER_SECOND);
  await load.hears(NAMES);
  // As many calls as the breaker looks back on: to one with few calls, those in flight would be a third of all.
  await load.reaches(3 * PER_SECOND);

  const killedAt = performance.now();
  const { at: diedAt } = await a.process.end("SIGKILL");
  await load.reaches(load.started + PER_SECOND);
  const backFrom = performance.now();
  await a.restart();
  const backAt = performance.now();
  await load.hears(["a"], CALLED_AGAIN_MS);
  const calls = await load.stop();

  // This process heard nothing while it did nothing.
  const outAt = diedAt + OUT_OF_ROTATION_MS + load.latestMs;
  const sent = calls.filter(({ peer }) => peer === `127.0.0.1:${a.grpcPort}`);
  const lost = calls.filter(({ error }) => error);
  // All that is in flight on a connection ends with it.
  const heardAt = lost[0]?.endedAt ?? diedAt;
  const inFlight = sent.filter(({ startedAt, endedAt }) => startedAt <= heardAt && endedAt >= killedAt);
  const first = sent.find(({ startedAt, error }) => startedAt > backFrom && !error);
  printFigures("a server killed", {
    ...figuresOf(load),
    "in flight on it": inFlight.length,
    "ms from its death to the last call sent to it": Math.max(
      ...sent.filter(({ startedAt }) => startedAt < backFrom).map(({ startedAt }) => startedAt - killedAt),
    ),
    "ms from its return to the first": (first?.startedAt ?? NaN) - backAt,
  });
  expect(lost.filter((call) => !inFlight.includes(call))).toEqual([]);
  expect(sent.filter(({ startedAt }) => startedAt > outAt && startedAt < backFrom)).toEqual([]);
}, 120_000);

test("a server killed with SIGKILL leaves the registry within the lease, and those that renew stay", async () => {
  const demo = await startDemo();
  await demo.startRegistry({ DISCOVERYD_LEASE_TTL: `${LEASE_MS}ms` });
  const env = { DISCOVERY_RENEW_INTERVAL: RENEW_INTERVAL };
  const [a] = (await Promise.all(NAMES.map((name) => demo.startServer(name, env)))) as [DemoServer];
  await eventually(async () => expect((await demo.registered()).sort()).toEqual(NAMES), SETTLED_MS);

  const { at: diedAt } = await a.process.end("SIGKILL");
  await eventually(async () => {
    const left = (await demo.registered()).sort();
    if (!["b", "c"].every((name) => left.includes(name))) throw new Hopeless(`only ${left.join()} are left`);
    expect(left).toEqual(["b", "c"]);
  }, EVICTED_MS);
  printFigures("a server that does not renew", {
    "ms of lease": LEASE_MS,
    "ms from its death to its eviction": performance.now() - diedAt,
  });
}, 60_000);

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
