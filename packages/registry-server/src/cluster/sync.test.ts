import { timestampFromMs } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { Registry } from "../registry/registry";
import { instanceWith } from "../testing/builders";
import { recorder, START_MS, type LogLine } from "../testing/use-node";
import type { Peer } from "./peer";
import { syncFromPeers } from "./sync";
import { FakeLink } from "./testing/fake-link";

const TTL_MS = 90_000;

/** A node that syncs from peers with these wires. */
function startSync(...links: FakeLink[]) {
  const clock = new FakeClock(START_MS);
  const registry = new Registry({ clock, guard: { threshold: 0.85, minInstances: 10, matureMs: TTL_MS } });
  const logs: LogLine[] = [];
  const onFirst = jest.fn();
  const peers = links.map((link, i) => ({ addr: `p${i}`, link }) as unknown as Peer);
  const synced = syncFromPeers({ registry, peers, ttlMs: TTL_MS, onFirst, logger: recorder(logs), clock });
  return { registry, clock, logs, onFirst, synced };
}

function linkWith(...instances: ReturnType<typeof instanceWith>[]): FakeLink {
  const link = new FakeLink();
  link.instances = instances;
  return link;
}

test("what any peer has is taken, and the newer of two versions", async () => {
  const { registry, synced } = startSync(
    linkWith(
      instanceWith({ hostname: "a", dirtyTimestamp: 1_000n, version: "old" }),
      instanceWith({ hostname: "b" }),
    ),
    linkWith(
      instanceWith({ hostname: "a", dirtyTimestamp: 2_000n, version: "new" }),
      instanceWith({ hostname: "c" }),
    ),
  );
  await synced;
  expect(registry.size).toBe(3);
  expect(registry.find(instanceWith({ hostname: "a" }))?.instance.version).toBe("new");
});

test("an app's timestamp is that of its last change, in whatever order a peer tells of it", async () => {
  const changes = [3_000n, 1_000n, 2_000n].map((latestTimestamp, i) =>
    instanceWith({ hostname: `h${i}`, latestTimestamp }),
  );
  const { registry, synced } = startSync(linkWith(...changes));
  await synced;
  const { env, appid } = instanceWith();
  expect(registry.apps.find(env, appid)?.latestTimestamp).toBe(3_000n);
});

test("a lease goes on where it stands: it does not begin anew with the sync", async () => {
  const heardMs = [0, 30_000, 89_000, 500_000];
  const instances = heardMs.map((ms, i) =>
    instanceWith({ hostname: `h${i}`, renewTimestamp: timestampFromMs(START_MS - ms) }),
  );
  const { registry, synced } = startSync(linkWith(...instances));
  await synced;
  const silence = instances.map((instance) => registry.silentMs(registry.find(instance)!));
  expect(silence).toEqual([0, 30_000, 89_000, TTL_MS]);
  expect(registry.leases.renewedUntil(Infinity).map(({ instance }) => instance.hostname)).toEqual([
    "h3",
    "h2",
    "h1",
    "h0",
  ]);
});

test("a peer whose clock is ahead has no instance that was heard in the future", async () => {
  const instance = instanceWith({ renewTimestamp: timestampFromMs(START_MS + 1_000_000) });
  const { registry, synced } = startSync(linkWith(instance));
  await synced;
  expect(registry.silentMs(registry.find(instance)!)).toBe(0);
});

test("a peer that does not answer is named, and the others are taken", async () => {
  const { registry, logs, onFirst, synced } = startSync(new FakeLink("fails"), linkWith(instanceWith()));
  await synced;
  expect(registry.size).toBe(1);
  expect(onFirst).toHaveBeenCalledTimes(1);
  expect(logs.map(({ msg, peer }) => [msg, peer])).toEqual(
    expect.arrayContaining([
      ["no sync from a peer: it does not answer", "p0"],
      ["synced from a peer", "p1"],
    ]),
  );
});

test("when nobody answers there was no sync", async () => {
  const { onFirst, synced } = startSync(new FakeLink("fails"));
  await synced;
  expect(onFirst).not.toHaveBeenCalled();
});

test("the first answer counts at once; the others are waited for", async () => {
  const late = new FakeLink("hangs");
  const { onFirst, synced } = startSync(linkWith(instanceWith()), late);
  let isDone = false;
  void synced.then(() => (isDone = true));
  await new Promise(setImmediate);
  expect(onFirst).toHaveBeenCalledTimes(1);
  expect(isDone).toBe(false);
  await late.become("answers");
  expect(isDone).toBe(true);
});
