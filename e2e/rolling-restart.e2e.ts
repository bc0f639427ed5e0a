import { eventually } from "./harness/eventually";
import { printFigures } from "./harness/figures";
import { FULL } from "./harness/full-length";
import { failures, figuresOf, useOpenLoad } from "./harness/open-load";
import { useCaller } from "./harness/use-caller";
import { useDemo } from "./harness/use-demo";

const startDemo = useDemo();
const startCaller = useCaller();
const startLoad = useOpenLoad();

const PER_SECOND = 300;
const CALLS = FULL ? 6_000 : 1_500;
/** As shipped at full length. */
const DRAIN = FULL ? "2s" : "500ms";
const SETTLED_MS = 20_000;
const NAMES = ["a", "b", "c"];

test(`three servers restarted one after another by SIGTERM fail none of ${CALLS} calls`, async () => {
  const demo = await startDemo();
  await demo.startRegistry();
  const servers = await Promise.all(NAMES.map((name) => demo.startServer(name, { GRPC_DRAIN: DRAIN })));
  await eventually(async () => expect((await demo.registered()).sort()).toEqual(NAMES), SETTLED_MS);
  const client = await startCaller([`127.0.0.1:${demo.registryPort}`]).dial();
  const load = startLoad(client, PER_SECOND);
  await load.hears(NAMES);

  let restarts = 0;
  do {
    for (const [i, server] of servers.entries()) {
      expect((await server.process.end("SIGTERM")).code).toBe(0);
      // What an orchestrator waits for. Whether callers have found it again is not asked.
      servers[i] = await server.restart();
      restarts++;
    }
  } while (FULL && load.ended.length < CALLS);
  await load.reaches(CALLS);
  await load.hears(NAMES);

  const calls = await load.stop();
  printFigures("a rolling restart", { restarts, ...figuresOf(load) });
  expect(failures(calls)).toEqual([]);
}, 180_000);
