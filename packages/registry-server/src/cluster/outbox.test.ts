import { seededRandom } from "@discoveryd/runtime/testing";
import { STATUS_WAITING } from "@discoveryd/protocol";
import { keyOf, type News } from "./operation";
import { Outbox } from "./outbox";
import { cancel, put, setPut } from "./testing/operations";

function outboxWith(...news: News[]): Outbox {
  const outbox = new Outbox();
  for (const one of news) outbox.put(one, 0);
  return outbox;
}

/** Takes everything out. */
function all(outbox: Outbox): News[] {
  return outbox.take(Infinity).map(({ operation }) => operation);
}

test.each<[string, News, News]>([
  ["a register", put("h1", { version: "1" }), put("h1", { version: "2" })],
  ["a cancel", cancel("h1"), put("h1")],
  ["a register", put("h1"), cancel("h1")],
])("%s that waits is replaced by what comes later", (_what, earlier, later) => {
  expect(all(outboxWith(earlier, later))).toEqual([later]);
});

test.each<News>([put("h1"), cancel("h1"), setPut("h1", { status: STATUS_WAITING })])(
  "a set after news that the peer has not heard becomes the whole instance",
  (earlier) => {
    const set = setPut("h1", { metadata: new Map([["a", "1"]]) });
    expect(all(outboxWith(earlier, set))).toEqual([{ kind: "put", instance: set.instance, silentMs: 0 }]);
  },
);

test("the first to come is the first to go, so many at a time", () => {
  const outbox = outboxWith(put("h1"), cancel("h2"), put("h3"), put("h1"));
  expect(outbox.take(2).map(({ operation }) => keyOf(operation).hostname)).toEqual(["h1", "h2"]);
  expect(outbox.size).toBe(1);
});

test("who is replaced keeps its place: news every second does not put it off for ever", () => {
  const outbox = outboxWith(put("h1"), put("h2"), put("h1", { version: "2" }));
  expect(outbox.take(1).map(({ operation }) => operation)).toEqual([put("h1", { version: "2" })]);
});

test("what was not heard goes behind what waits, so that the next try is about others", () => {
  const outbox = outboxWith(put("h1"), put("h2"));
  outbox.putBack(outbox.take(1));
  expect(all(outbox).map((operation) => keyOf(operation).hostname)).toEqual(["h2", "h1"]);
});

test("what was not heard does not replace what came meanwhile", () => {
  const outbox = outboxWith(put("h1"));
  const taken = outbox.take(1);
  outbox.put(cancel("h1"), 0);
  outbox.putBack(taken);
  expect(all(outbox)).toEqual([cancel("h1")]);
});

test("a set that came while a register failed becomes the whole instance", () => {
  const outbox = outboxWith(put("h1"));
  const taken = outbox.take(1);
  const set = setPut("h1", { status: STATUS_WAITING });
  outbox.put(set, 0);
  outbox.putBack(taken);
  expect(all(outbox)).toEqual([{ kind: "put", instance: set.instance, silentMs: 0 }]);
});

test("whoever waits for an instance is told once, and what waits stays", () => {
  const outbox = new Outbox();
  const told: string[] = [];
  outbox.put(put("h1"), 0, () => told.push("first"));
  outbox.put(put("h1", { version: "2" }), 0, () => told.push("second"));
  outbox.settleAll();
  outbox.settleAll();
  expect(told).toEqual(["first", "second"]);
  expect(outbox.size).toBe(1);
});

test("whoever waits for what was not heard waits on, with those who came meanwhile", () => {
  const outbox = new Outbox();
  const told: string[] = [];
  outbox.put(put("h1"), 0, () => told.push("first"));
  const taken = outbox.take(1);
  outbox.put(put("h1", { version: "2" }), 0, () => told.push("second"));
  outbox.putBack(taken);
  expect(told).toEqual([]);
  outbox.settleAll();
  expect(told).toEqual(["first", "second"]);
});

test.each<[string, News, News]>([
  ["a cancel over a register", put("h1"), cancel("h1")],
  ["a set over a register", put("h1"), setPut("h1", {})],
])("the age of what waits is that of the last news: %s", (_what, earlier, later) => {
  const outbox = new Outbox();
  outbox.put(earlier, 1);
  outbox.put(later, 2);
  expect(outbox.take(1)).toMatchObject([{ since: 2 }]);
});

test("however much is told, it holds one piece of news an instance", () => {
  const random = seededRandom(1);
  const outbox = new Outbox();
  let out: ReturnType<Outbox["take"]> = [];
  for (let step = 0; step < 5_000; step++) {
    const hostname = `h${Math.floor(random() * 5)}`;
    const deed = random();
    if (deed < 0.2) out = [...out, ...outbox.take(2)];
    else if (deed < 0.3) outbox.putBack(out.splice(0));
    else outbox.put([put, cancel][Math.floor(random() * 2)]!(hostname), step);
    expect(outbox.size).toBeLessThanOrEqual(5);
    const hostnames = outbox.operations().map((news) => keyOf(news).hostname);
    expect(new Set(hostnames).size).toBe(outbox.size);
  }
});
