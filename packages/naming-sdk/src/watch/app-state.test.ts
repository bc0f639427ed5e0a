import type { Instance } from "../naming";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";
import { emptyInfo, needsAnotherNode, next, type AppEvent, type AppState } from "./app-state";

const policy = { forgetAfterMs: 120_000, rejoinMs: 35_000 };
const one = instanceWith({ hostname: "host-1" });
const two = instanceWith({ hostname: "host-2", zone: "zone02" });
const three = instanceWith({ hostname: "host-3" });
const info = infoOf([one, two], { lastTs: 5n });
const allLeft = infoOf([], { lastTs: 6n });

const waiting: AppState = { kind: "waiting" };
const known: AppState = { kind: "known", info };
const stale: AppState = { kind: "stale", info };
const missing: AppState = { kind: "missing", info: emptyInfo };
const doubted: AppState = { kind: "doubted", info, since: 1_000, nodes: new Set(["n1"]) };
const rejoining = next(stale, { kind: "told", info: infoOf([one], { lastTs: 9n }) }, 1_000, policy);

const told = (...instances: Instance[]): AppEvent => ({
  kind: "told",
  info: infoOf(instances, { lastTs: 10n }),
});
const unknownAt = (node: string, isOnly = false): AppEvent => ({ kind: "unknown", node, isOnly });
const outage: AppEvent = { kind: "outage" };
const quiet: AppEvent = { kind: "quiet" };

test.each<[string, AppState, AppEvent, AppState]>([
  ["the first answer is taken", waiting, { kind: "told", info }, known],
  ["an app never heard of does not exist", waiting, unknownAt("n1"), missing],
  ["an app that appears is known", missing, { kind: "told", info }, known],
  ["all left is what a node says", known, { kind: "told", info: allLeft }, { kind: "known", info: allLeft }],
  ["a node that does not know an app raises a doubt", known, unknownAt("n1"), doubted],
  ["so does one that came back after an outage", stale, unknownAt("n1"), doubted],
  ["a node that knows all of it ends the doubt", doubted, { kind: "told", info }, known],
  ["an outage ends the doubt: it begins anew", doubted, outage, stale],
  ["an outage leaves what is known in use", known, outage, stale],
  ["an outage does not change what was never known", waiting, outage, waiting],
  ["nor what does not exist", missing, outage, missing],
  ["a missing app stays missing", missing, unknownAt("n1"), missing],
  [
    "nothing is doubted where all left",
    { kind: "known", info: allLeft },
    unknownAt("n1"),
    { kind: "known", info: allLeft },
  ],
  ["a node with nothing to add changes nothing", known, quiet, known],
  ["a node with nothing to add after an outage has lost nothing", stale, quiet, known],
])("%s", (_rule, state, event, expected) => {
  expect(next(state, event, 1_000, policy)).toEqual(expected);
});

test.each<[string, number, AppEvent, AppState["kind"]]>([
  ["a moment before the time is over", 120_999, unknownAt("n2"), "doubted"],
  ["when the time is over and a second node agrees", 121_000, unknownAt("n2"), "missing"],
  ["when the time is over, but by one node alone", 500_000, unknownAt("n1"), "doubted"],
  ["when the time is over and there is no other node", 121_000, unknownAt("n1", true), "missing"],
])("doubt %s", (_when, now, event, kind) => {
  expect(next(doubted, event, now, policy).kind).toBe(kind);
});

test("another node is to be asked when the time is over", () => {
  expect(needsAnotherNode(doubted, 120_999, policy)).toBe(false);
  expect(needsAnotherNode(doubted, 121_000, policy)).toBe(true);
  expect(needsAnotherNode(known, 500_000, policy)).toBe(false);
});

test.each<[string, AppState, AppEvent, number, string[]]>([
  [
    "the first instance that is back does not replace the others",
    stale,
    told(one),
    1_000,
    ["host-1", "host-2"],
  ],
  ["nor after a doubt", doubted, told(one), 90_000, ["host-1", "host-2"]],
  ["nor does a new one", stale, told(three), 1_000, ["host-3", "host-1", "host-2"]],
  ["without an outage an instance that is not told has left", known, told(one), 1_000, ["host-1"]],
  [
    "who is not back in time has left, when others change",
    rejoining,
    told(one, three),
    36_000,
    ["host-1", "host-3"],
  ],
  ["or when nothing does", rejoining, quiet, 36_000, ["host-1"]],
  ["who is back is as told", rejoining, told(one, two), 2_000, ["host-1", "host-2"]],
  ["who was back and goes has left", rejoining, told(three), 2_000, ["host-3", "host-2"]],
  ["all left holds at once, also then", rejoining, told(), 2_000, []],
])("%s", (_rule, state, event, now, hostnames) => {
  const after = next(state, event, now, policy);
  expect(after.kind === "waiting" ? [] : hostnamesOf(after.info)).toEqual(hostnames);
});

test("while nothing changes, what consumers see stays the same object", () => {
  expect(next(rejoining, quiet, 2_000, policy)).toBe(rejoining);
});

test("an outage while instances come back begins their time anew", () => {
  const again = next(next(rejoining, outage, 30_000, policy), told(one), 60_000, policy);
  expect(next(again, quiet, 94_999, policy).kind).toBe("rejoining");
  expect(next(again, quiet, 95_000, policy).kind).toBe("known");
});
