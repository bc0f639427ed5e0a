import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./harness/eventually";
import { printFigures } from "./harness/figures";
import { failures, figuresOf, shareOf, useOpenLoad, type OpenLoad } from "./harness/open-load";
import { FULL } from "./harness/full-length";
import { useCaller } from "./harness/use-caller";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();
const startCaller = useCaller();
const startLoad = useOpenLoad();

const NAMES = ["a", "b", "c"];
const PER_SECOND = 300;
const USUAL_MS = 10;
const SLOW_MS = 20 * USUAL_MS;
/** Shares are those of so long. */
const WINDOW_MS = 1_000;
// What is asked for is 2 s until it is left alone, 5 s until it is back. A busy machine looks like a slow server.
const SETTLED_MS = 30_000;
/** It stays slow, or well, for so long once that shows. */
const STEADY_MS = FULL ? 10_000 : 1_000;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "slow-server-"));
});

afterEach(() => rmSync(dir, { recursive: true }));

/** The server reads it while it runs. */
function setDelay(ms: number): void {
  writeFileSync(join(dir, "application.toml"), `delay = "${ms}ms"\n`);
}

/** Resolves at the end of the first window, from now on, in which the share of c is between these. */
async function shareIs(load: OpenLoad, least: number, most: number): Promise<number> {
  const from = performance.now();
  return eventually(() => {
    // Those that started later may not have ended.
    const end = performance.now() - 2 * SLOW_MS;
    const start = end - WINDOW_MS;
    expect(start).toBeGreaterThan(from);
    const share = shareOf("c", startedIn(load, start, end));
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThanOrEqual(most);
    return end;
  }, SETTLED_MS);
}

function startedIn(load: OpenLoad, start: number, end: number) {
  return load.ended.filter(({ startedAt }) => startedAt >= start && startedAt < end);
}

/** When a server began to answer as slowly, or as fast. */
async function answersWithin(load: OpenLoad, least: number, most: number): Promise<number> {
  const from = performance.now();
  return eventually(() => {
    const call = load.ended.find(({ server, startedAt, endedAt }) => {
      const tookMs = endedAt - startedAt;
      return server === "c" && startedAt > from && tookMs >= least && tookMs < most;
    });
    if (!call) throw new Error(`no answer of c took ${least} to ${most} ms`);
    return call.startedAt;
  }, SETTLED_MS);
}

test("a server that becomes 20 times slower loses its share of the calls, and has it again once it recovers", async () => {
  const demo = await startDemo();
  await demo.startRegistry();
  setDelay(USUAL_MS);
  const env = { DEMO_DELAY: `${USUAL_MS}ms` };
  await Promise.all([
    demo.startServer("a", env),
    demo.startServer("b", env),
    demo.startServer("c", {}, ["--conf", dir]),
  ]);
  const load = startLoad(await startCaller([`127.0.0.1:${demo.registryPort}`]).dial(), PER_SECOND);
  await load.hears(NAMES);
  await shareIs(load, 0.25, 0.42);

  setDelay(SLOW_MS);
  const slowAt = await answersWithin(load, SLOW_MS, Infinity);
  const leftAt = await shareIs(load, 0, 0.05);
  await sleep(STEADY_MS);
  const slowUntil = performance.now();
  setDelay(USUAL_MS);
  const wellAt = await answersWithin(load, 0, SLOW_MS / 2);
  const backAt = await shareIs(load, 0.25, 0.42);
  await sleep(STEADY_MS);

  const calls = await load.stop();
  printFigures("a slow server", {
    ...figuresOf(load),
    "% from 2 s after it became slow": 100 * shareOf("c", startedIn(load, slowAt + 2_000, slowUntil)),
    "% once it has its share again": 100 * shareOf("c", startedIn(load, backAt, Infinity)),
    "ms from slow to the end of a second with under 5 %": leftAt - slowAt,
    "ms from well to the end of a second with 25 to 42 %": backAt - wellAt,
  });
  expect(failures(calls)).toEqual([]);
}, 120_000);
