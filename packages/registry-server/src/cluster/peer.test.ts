import { FakeClock } from "@discoveryd/runtime/testing";
import { StoredInstance } from "../registry/stored-instance";
import { instanceWith } from "../testing/builders";
import { recorder, type LogLine } from "../testing/use-node";
import { keyOf, type News, type Operation, type Outcome } from "./operation";
import { Peer, type PeerOptions } from "./peer";
import { FakeLink, type LinkState } from "./testing/fake-link";
import { cancel, put, renew } from "./testing/operations";

/** Peers of a test, on a fake clock; no timer may be left after it. */
function usePeer() {
  const started: { peer: Peer; clock: FakeClock; link: FakeLink }[] = [];

  afterEach(async () => {
    for (const { peer, clock, link } of started.splice(0)) {
      if (link.state === "hangs") await link.become("fails");
      await peer.close();
      expect(clock.pending).toBe(0);
    }
  });

  return function startPeer(state: LinkState = "answers", options: Partial<PeerOptions> = {}) {
    const clock = new FakeClock();
    const link = new FakeLink(state);
    const outcomes: [Operation, Outcome][] = [];
    const logs: LogLine[] = [];
    let back = 0;
    const peer = new Peer({
      addr: "10.0.0.2:7171",
      zone: "sh001",
      link,
      refresh: (news) => news,
      renewal: (stored) => renew(stored.instance.hostname),
      onOutcome: (operation, outcome) => outcomes.push([operation, outcome]),
      onLost: () => undefined,
      onBack: () => back++,
      logger: recorder(logs),
      clock,
      // The longest waits.
      random: () => 0.999_999,
      ...options,
    });
    started.push({ peer, clock, link });
    return { peer, clock, link, outcomes, logs, back: () => back };
  };
}

const startPeer = usePeer();

function instance(hostname: string): StoredInstance {
  return new StoredInstance(instanceWith({ hostname }), 0);
}

/** Tells so many heartbeats of different instances. */
function beatMany(peer: Peer, count: number): void {
  for (let i = 0; i < count; i++) peer.tellHeartbeat(instance(`h${i}`));
}

/** Tells so many registers of different instances. */
function putMany(peer: Peer, count: number): void {
  for (let i = 0; i < count; i++) peer.tell(put(`new-${i}`));
}

function hostnames(operations: readonly Operation[] = []): string[] {
  return operations.map((operation) => keyOf(operation).hostname);
}

test("news leaves after 5 ms, with all that came meanwhile", async () => {
  const { peer, clock, link } = startPeer();
  peer.tell(put("h1"));
  await clock.advance(4);
  peer.tell(cancel("h2"));
  expect(link.sent).toEqual([]);
  await clock.advance(1);
  expect(link.sent).toEqual([[put("h1"), cancel("h2")]]);
});

test("heartbeats alone leave after a second, in one request", async () => {
  const { peer, clock, link } = startPeer();
  beatMany(peer, 3);
  await clock.advance(999);
  expect(link.sent).toEqual([]);
  await clock.advance(1);
  expect(link.sent.map(hostnames)).toEqual([["h0", "h1", "h2"]]);
});

test("news takes the heartbeats along that wait", async () => {
  const { peer, clock, link } = startPeer();
  peer.tellHeartbeat(instance("h1"));
  await clock.advance(500);
  peer.tell(put("h2"));
  await clock.advance(5);
  expect(link.sent.map(hostnames)).toEqual([["h2", "h1"]]);
  await clock.advance(2_000);
  expect(link.sent).toHaveLength(1);
});

test("an instance that renews often within a second is told of once", async () => {
  const { peer, clock, link } = startPeer();
  const often = instance("h1");
  for (let i = 0; i < 3; i++) peer.tellHeartbeat(often);
  await clock.advance(1_000);
  expect(link.sent.map(hostnames)).toEqual([["h1"]]);
});

test.each<[string, News]>([
  ["register", put("h1")],
  ["cancel", cancel("h1")],
])("a heartbeat that waits beside a %s is not told: the news says more", async (_what, news) => {
  const { peer, clock, link } = startPeer();
  peer.tellHeartbeat(instance("h1"));
  peer.tell(news);
  await clock.advance(2_000);
  expect(link.sent).toEqual([[news]]);
});

test("a heartbeat of an instance that is gone is not told", async () => {
  const { peer, clock, link } = startPeer("answers", { renewal: () => undefined });
  peer.tellHeartbeat(instance("h1"));
  await clock.advance(2_000);
  expect(link.sent).toEqual([]);
});

test("heartbeats that were not heard are told when the peer is back, each once", async () => {
  const { peer, clock, link } = startPeer("fails");
  const [first, second] = [instance("h1"), instance("h2")];
  peer.tellHeartbeat(first);
  await clock.advance(1_000);
  expect(peer.waitingHeartbeats).toEqual([first]);
  for (const stored of [first, second]) peer.tellHeartbeat(stored);
  await link.become("answers");
  await clock.advance(2_000);
  expect(hostnames(link.sent.at(-1)).sort()).toEqual(["h1", "h2"]);
  expect(peer.backlog).toBe(0);
});

test("1,000 operations leave at once, and no request holds more", async () => {
  const { peer, clock, link } = startPeer();
  putMany(peer, 100);
  beatMany(peer, 899);
  await clock.advance(0);
  expect(link.sent).toHaveLength(0);
  beatMany(peer, 1_501);
  await clock.advance(0);
  expect(link.sent.map(({ length }) => length)).toEqual([1_000, 1_000]);
  await clock.advance(1_000);
  expect(link.sent.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
});

test("one request is under way at a time, and what comes meanwhile leaves with the next", async () => {
  const { peer, clock, link } = startPeer("hangs");
  peer.tell(put("h1"));
  await clock.advance(5);
  peer.tell(put("h1", { version: "2" }));
  peer.tell(put("h2"));
  await clock.advance(10_000);
  expect(link.sent).toHaveLength(1);
  await link.become("answers");
  await clock.advance(5);
  expect(link.sent[1]).toEqual([put("h1", { version: "2" }), put("h2")]);
  expect(link.mostAtOnce).toBe(1);
});

test("each operation's outcome is reported with it", async () => {
  const { peer, clock, link, outcomes } = startPeer();
  link.outcome = (operation) => ({ code: keyOf(operation).hostname === "h1" ? 0 : -404 });
  peer.tell(put("h1"));
  peer.tellHeartbeat(instance("h2"));
  await clock.advance(5);
  expect(outcomes).toEqual([
    [put("h1"), { code: 0 }],
    [renew("h2"), { code: -404 }],
  ]);
});

test("what an outcome asks for leaves 5 ms later", async () => {
  const { peer, clock, link } = startPeer("answers", {
    onOutcome: (operation, { code }) => {
      if (code !== 0) peer.tell(put(keyOf(operation).hostname));
    },
  });
  link.outcome = ({ kind }) => ({ code: kind === "renew" ? -404 : 0 });
  peer.tellHeartbeat(instance("h1"));
  await clock.advance(1_005);
  expect(link.sent).toEqual([[renew("h1")], [put("h1")]]);
});

test("whoever waits is told once, when the peer has answered", async () => {
  const { peer, clock, link } = startPeer("hangs");
  const settle = jest.fn();
  expect(peer.tell(put("h1"), settle)).toBe(true);
  await clock.advance(100);
  expect(settle).not.toHaveBeenCalled();
  await link.become("answers");
  await clock.advance(100);
  expect(settle).toHaveBeenCalledTimes(1);
});

test("whoever waits for news that newer news replaces is told with that", async () => {
  const { peer, clock } = startPeer();
  const settle = jest.fn();
  peer.tell(put("h1"), settle);
  peer.tell(cancel("h1"));
  await clock.advance(5);
  expect(settle).toHaveBeenCalledTimes(1);
});

test("a peer that does not answer is lost: nobody waits for it, and it is said once", async () => {
  const { peer, clock, logs } = startPeer("fails");
  const settle = jest.fn();
  peer.tell(put("h1"), settle);
  await clock.advance(5);
  expect(settle).toHaveBeenCalledTimes(1);
  expect(peer.isLost).toBe(true);
  const late = jest.fn();
  expect(peer.tell(put("h2"), late)).toBe(false);
  await clock.advance(10_000);
  expect(late).not.toHaveBeenCalled();
  expect(logs.map(({ msg }) => msg)).toEqual(["peer lost"]);
});

test("those who wait for news behind a request that fails are told, too", async () => {
  const { peer, clock, link } = startPeer("hangs");
  const settle = jest.fn();
  peer.tell(put("h1"));
  await clock.advance(5);
  peer.tell(put("h2"), settle);
  await link.become("fails");
  await clock.advance(0);
  expect(settle).toHaveBeenCalledTimes(1);
});

test("a lost peer is tried again after at most 200 ms, then at most 2 s", async () => {
  const { peer, clock, link } = startPeer("fails");
  peer.tell(put("h1"));
  const tries: number[] = [];
  for (let ms = 0; ms < 12_000; ms++) {
    const before = link.sent.length;
    await clock.advance(1);
    if (link.sent.length > before) tries.push(clock.monotonic());
  }
  const waits = tries.slice(1).map((at, i) => at - tries[i]!);
  expect(waits.slice(0, 4)).toEqual([200, 400, 800, 1_600]);
  expect(waits.slice(4).every((ms) => ms === 2_000)).toBe(true);
  expect(tries.length).toBeGreaterThan(7);
});

test("news does not make a lost peer be tried any sooner", async () => {
  const { peer, clock, link } = startPeer("fails");
  peer.tell(put("h1"));
  await clock.advance(10_000);
  const before = link.sent.length;
  for (let i = 0; i < 1_900; i += 10) {
    peer.tell(put(`h${i}`));
    await clock.advance(10);
  }
  expect(link.sent.length - before).toBeLessThanOrEqual(1);
});

test("the first answer makes it up again, and it hears all that waits", async () => {
  const { peer, clock, link, logs, back } = startPeer("fails");
  putMany(peer, 2_500);
  await clock.advance(30_000);
  expect(peer.backlog).toBe(2_500);
  await link.become("answers");
  await clock.advance(2_000);
  expect(peer.isLost).toBe(false);
  expect(back()).toBe(1);
  expect(peer.backlog).toBe(0);
  expect(logs.map(({ msg }) => msg)).toEqual(["peer lost", "peer is back"]);
});

test("news that came while it was lost replaces what was not heard", async () => {
  const { peer, clock, link } = startPeer("fails");
  peer.tell(put("h1"));
  await clock.advance(5);
  peer.tell(cancel("h1"));
  await link.become("answers");
  await clock.advance(2_000);
  expect(link.sent.at(-1)).toEqual([cancel("h1")]);
});

test("what is over by the time it would be sent is not, and whoever waits is told", async () => {
  const { peer, clock, link } = startPeer("answers", {
    refresh: (operation) => (keyOf(operation).hostname === "over" ? undefined : operation),
  });
  const settle = jest.fn();
  peer.tell(put("over"), settle);
  peer.tell(put("h1"));
  await clock.advance(5);
  expect(link.sent).toEqual([[put("h1")]]);
  expect(settle).toHaveBeenCalledTimes(1);
});

test("when all that waits is over, nothing is sent, and the next news is", async () => {
  let isOver = true;
  const { peer, clock, link } = startPeer("answers", {
    refresh: (operation) => (isOver ? undefined : operation),
  });
  peer.tell(put("h1"));
  await clock.advance(5_000);
  expect(link.sent).toEqual([]);
  isOver = false;
  peer.tell(put("h2"));
  await clock.advance(5);
  expect(link.sent).toEqual([[put("h2")]]);
});

test("a lost peer comes back although all that it had to hear is over", async () => {
  let isOver = false;
  const { peer, clock, link, back } = startPeer("fails", {
    refresh: (operation) => (isOver ? undefined : operation),
  });
  peer.tell(put("h1"));
  await clock.advance(5);
  isOver = true;
  await clock.advance(10_000);
  await link.become("answers");
  await clock.advance(2_000);
  expect(peer.isLost).toBe(false);
  expect(back()).toBe(1);
  expect(link.sent.at(-1)).toEqual([]);
  await clock.advance(60_000);
  expect(link.sent.at(-1)).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("a batch that always fails does not keep the others from being heard", async () => {
  const { peer, clock, link } = startPeer();
  const send = link.send.bind(link);
  link.send = (operations) =>
    hostnames(operations).includes("bad") ? Promise.reject(new Error("refused")) : send(operations);
  peer.tell(put("bad"));
  putMany(peer, 3_000);
  await clock.advance(30_000);
  expect(new Set(link.sent.flatMap(hostnames)).size).toBeGreaterThanOrEqual(2_000);
  expect(peer.backlog).toBeLessThanOrEqual(1_001);
});

test("what a link did not take leaves at once, and whoever waits for it waits on", async () => {
  const { peer, clock, link, outcomes } = startPeer();
  link.takes = 2;
  const settle = jest.fn();
  putMany(peer, 2);
  peer.tell(put("last"), settle);
  beatMany(peer, 2);
  await clock.advance(4);
  expect(settle).not.toHaveBeenCalled();
  await clock.advance(1);
  expect(link.sent.map(hostnames)).toEqual([
    ["new-0", "new-1", "last", "h0", "h1"],
    ["last", "h0", "h1"],
    ["h1"],
  ]);
  expect(outcomes).toHaveLength(5);
  expect(settle).toHaveBeenCalledTimes(1);
});

test("a link that takes nothing is a peer that does not answer: it is not asked without end", async () => {
  const { peer, clock, link } = startPeer();
  link.takes = 0;
  peer.tell(put("h1"));
  await clock.advance(5_000);
  expect(peer.isLost).toBe(true);
  expect(link.sent.length).toBeLessThan(8);
});

test("requests and the operations heard are counted", async () => {
  const { peer, clock, link } = startPeer();
  beatMany(peer, 3);
  await clock.advance(1_000);
  expect(peer.sent).toEqual({ requests: 1, operations: 3 });
  await link.become("fails");
  peer.tell(put("h1"));
  await clock.advance(5);
  expect(peer.sent).toEqual({ requests: 2, operations: 3 });
});

test("closing sends what waits, then nothing more", async () => {
  const { peer, clock, link } = startPeer();
  peer.tell(cancel("h1"));
  await peer.close();
  expect(link.sent).toEqual([[cancel("h1")]]);
  expect(link.closed).toBe(true);
  expect(peer.tell(put("h2"))).toBe(false);
  peer.tellHeartbeat(instance("h3"));
  await clock.advance(5_000);
  expect(link.sent).toHaveLength(1);
});

test("closing waits for the request under way, then sends what came meanwhile", async () => {
  const { peer, clock, link } = startPeer("hangs");
  peer.tell(put("h1"));
  await clock.advance(5);
  peer.tell(cancel("h1"));
  const closed = peer.close();
  await link.become("answers");
  await closed;
  expect(link.sent).toEqual([[put("h1")], [cancel("h1")]]);
});

test("closing a lost peer tries it no more, and whoever waits is told", async () => {
  const { peer, clock, link } = startPeer("hangs");
  const settle = jest.fn();
  peer.tell(put("h1"));
  await clock.advance(5);
  peer.tell(put("h2"), settle);
  const closed = peer.close();
  await link.become("fails");
  await closed;
  expect(settle).toHaveBeenCalledTimes(1);
  await clock.advance(60_000);
  expect(link.sent).toHaveLength(1);
});

test("closing twice is closing once", async () => {
  const { peer, link } = startPeer();
  peer.tell(put("h1"));
  await Promise.all([peer.close(), peer.close()]);
  await peer.close();
  expect(link.sent).toHaveLength(1);
});
