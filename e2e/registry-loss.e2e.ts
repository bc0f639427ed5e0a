import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./harness/eventually";
import { failed, startLoad } from "./harness/load";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();

/** How long the registry is away. `E2E_OUTAGE_MS=60000` makes it the full minute. */
const OUTAGE_MS = Number(process.env["E2E_OUTAGE_MS"] ?? 5_000);
// A failed renewal, or a failed poll, is tried again within 5 s; a node that is back has instances renew within 2 s.
const BACK_MS = 15_000;

test(
  `a registry killed for ${OUTAGE_MS / 1_000} s fails no call, and has its servers again by itself`,
  async () => {
    const demo = await startDemo();
    const { registry } = await demo.startAll(["a", "b"]);
    const load = startLoad(demo);

    await registry.end("SIGKILL");
    await sleep(OUTAGE_MS);
    await demo.startRegistry();
    await eventually(async () => expect((await demo.registered()).sort()).toEqual(["a", "b"]), BACK_MS);

    const calls = await load.stop();
    expect(failed(calls)).toEqual([]);
    expect(calls.length).toBeGreaterThan(OUTAGE_MS / 50);
  },
  OUTAGE_MS + 60_000,
);
