import { eventually } from "./harness/eventually";
import { printFigures } from "./harness/figures";
import { useFlakyProxy, type FlakyProxy } from "./harness/flaky-proxy";
import { FULL } from "./harness/full-length";
import { useCaller } from "./harness/use-caller";
import { useDemo, type Demo } from "./harness/use-demo";

const startDemo = useDemo();
const startCaller = useCaller();
const startProxy = useFlakyProxy();

const INSTANCES = 100;
// After ten at once a client takes ten a second.
const UPDATES = FULL ? 100 : 20;
const SETTLED_MS = 20_000;
const APPID = "demo.many";

/** What a client says of its instance: `register`, `cancel`, or `set`, which makes it newer though nothing changes. */
async function say(demo: Demo, call: string, hostname: string, { port }: FlakyProxy): Promise<void> {
  const instance = { env: "dev", zone: "zone01", appid: APPID, hostname, status: "1" };
  const form = new URLSearchParams({ ...instance, addrs: `grpc://127.0.0.1:${port}` });
  const { text } = await demo.post(demo.registryPort, `/discovery/${call}`, form.toString());
  expect(text).toContain('"code":0');
}

test(`${UPDATES} updates of an unchanged list reconnect nothing, and one instance of ${INSTANCES} replaced is one new connection`, async () => {
  const demo = await startDemo();
  await demo.startRegistry();
  const { grpcPort } = await demo.startServer("a", { DEMO_REGISTER: "false" });
  // One server behind as many addresses as there are instances: each counts its connections.
  const proxies = await Promise.all(Array.from({ length: INSTANCES + 1 }, () => startProxy(grpcPort)));
  const connections = () => proxies.reduce((sum, { accepted }) => sum + accepted, 0);
  const [newcomer, ...listed] = proxies as [FlakyProxy, ...FlakyProxy[]];
  for (const [i, proxy] of listed.entries()) await say(demo, "register", `h${i}`, proxy);
  const caller = startCaller([`127.0.0.1:${demo.registryPort}`]);
  await caller.dial(APPID, "?subset=0");
  await eventually(() => expect(connections()).toBe(INSTANCES), SETTLED_MS);

  let news = await caller.lastTs(APPID);
  for (const [i, proxy] of listed.slice(0, UPDATES).entries()) {
    await say(demo, "set", `h${i}`, proxy);
    news = await eventually(async () => {
      const lastTs = await caller.lastTs(APPID);
      expect(lastTs).toBeGreaterThan(news);
      return lastTs;
    }, SETTLED_MS);
  }
  const afterUpdates = connections();

  await say(demo, "cancel", "h0", listed[0] as FlakyProxy);
  await say(demo, "register", "newcomer", newcomer);
  await eventually(() => expect(newcomer.accepted).toBe(1), SETTLED_MS);
  printFigures("an unchanged list", {
    updates: UPDATES,
    "connections made by them": afterUpdates - INSTANCES,
    "connections made for one instance replaced": connections() - afterUpdates,
  });
  expect(afterUpdates).toBe(INSTANCES);
  expect(connections()).toBe(INSTANCES + 1);
}, 120_000);
