import { INFRA_APPID, STATUS_UP, STATUS_WAITING } from "@discoveryd/protocol";
import { Self } from "./self";
import { usePeers, words, type Node } from "./testing/use-peers";

const startPeers = usePeers();

/** A node that is registered, with one peer. */
async function startSelf() {
  const node = startPeers({ a: "sh001" });
  const self = new Self({
    registry: node.replicated,
    local: node.registry,
    region: "sh",
    zone: "sh001",
    env: "dev",
    host: "self",
    addr: "10.0.0.1:7171",
    clock: node.clock,
  });
  node.parts.push(self);
  self.start();
  const registered = await node.sentTo("a");
  return { ...node, self, registered };
}

/** What the peer hears within a second, in a word. */
async function heard(node: Pick<Node, "sentTo">): Promise<string[]> {
  return words(await node.sentTo("a"));
}

test("a node registers itself under infra.discovery, where clients reach it", async () => {
  const { registered } = await startSelf();
  expect(registered).toMatchObject([
    {
      kind: "put",
      instance: {
        region: "sh",
        zone: "sh001",
        env: "dev",
        appid: INFRA_APPID,
        hostname: "self",
        addrs: ["http://10.0.0.1:7171"],
        status: STATUS_UP,
      },
    },
  ]);
});

test("it renews every 30 s", async () => {
  const { clock, link } = await startSelf();
  await clock.advance(90_000);
  expect(link("a").sent.map(words)).toEqual([["renew self"], ["renew self"], ["renew self"]]);
});

test("whoever cancels it, it is back at once, and the peers hear the last word", async () => {
  const { self, registry, replicated, ...node } = await startSelf();
  const { told } = replicated.cancel(self.key, { replication: false, fromZone: false });
  expect(told).toBeDefined();
  await Promise.resolve();
  expect(registry.find(self.key)?.instance.status).toBe(STATUS_UP);
  expect(await heard(node)).toEqual(["put self"]);
});

test("whoever evicts it, it is back at once", async () => {
  const { self, registry } = await startSelf();
  registry.evict(registry.find(self.key)!);
  await Promise.resolve();
  expect(registry.find(self.key)).toBeDefined();
});

test("whoever sets it to waiting, it is up at once", async () => {
  const { self, registry } = await startSelf();
  registry.set({ ...self.key, changes: [{ hostname: "self", status: STATUS_WAITING }] });
  await Promise.resolve();
  expect(registry.find(self.key)?.instance.status).toBe(STATUS_UP);
});

test("other nodes may come and go", async () => {
  const { self, registry, ...node } = await startSelf();
  const { instance } = registry.find(self.key)!;
  registry.adopt({ ...instance, hostname: "other" }, 0);
  registry.cancel({ ...self.key, hostname: "other" });
  await Promise.resolve();
  expect(await heard(node)).toEqual([]);
});

test("closing cancels it, waits until the peers have heard, and it does not come back", async () => {
  const { self, registry, clock, link } = await startSelf();
  const closed = self.close();
  await clock.advance(5);
  await closed;
  expect(link("a").sent.map(words)).toEqual([["cancel self"]]);
  await clock.advance(60_000);
  expect(registry.find(self.key)).toBeUndefined();
  expect(link("a").sent).toHaveLength(1);
});

test("closing waits for no sick peer longer than 500 ms", async () => {
  const { self, clock, link } = await startSelf();
  await link("a").become("hangs");
  let isClosed = false;
  void self.close().then(() => (isClosed = true));
  await clock.advance(499);
  expect(isClosed).toBe(false);
  await clock.advance(1);
  expect(isClosed).toBe(true);
});

test("closing twice cancels once", async () => {
  const { self, clock, link } = await startSelf();
  await Promise.all([self.close(), self.close(), clock.advance(600)]);
  expect(link("a").sent).toHaveLength(1);
});

test("one that never started cancels nothing", async () => {
  const node = startPeers({ a: "sh001" });
  const self = new Self({
    registry: node.replicated,
    local: node.registry,
    region: "",
    zone: "z",
    env: "dev",
    host: "h",
    addr: "x:1",
  });
  await self.close();
  expect(await heard(node)).toEqual([]);
});
