import { infoOf, instanceWith } from "../testing/builders";
import { emptyInfo, needsAnotherNode, next, type AppEvent, type AppState } from "./app-state";

const policy = { forgetAfterMs: 120_000 };
const info = infoOf([instanceWith()], { lastTs: 5n });
const allLeft = infoOf([], { lastTs: 6n });
const waiting: AppState = { kind: "waiting" };
const known: AppState = { kind: "known", info };
const missing: AppState = { kind: "missing", info: emptyInfo };
const doubted: AppState = { kind: "doubted", info, since: 1_000, nodes: new Set(["n1"]) };

const unknownAt = (node: string, isOnly = false): AppEvent => ({ kind: "unknown", node, isOnly });

test.each<[string, AppState, AppEvent, AppState]>([
  ["the first answer is taken", waiting, { kind: "told", info }, known],
  ["an app never heard of does not exist", waiting, unknownAt("n1"), missing],
  ["an app that appears is known", missing, { kind: "told", info }, known],
  [
    "all left is what a node says, and holds at once",
    known,
    { kind: "told", info: allLeft },
    { kind: "known", info: allLeft },
  ],
  ["a node that does not know an app raises a doubt", known, unknownAt("n1"), doubted],
  ["a node that knows it ends the doubt", doubted, { kind: "told", info }, known],
  ["an outage ends the doubt: it begins anew", doubted, { kind: "outage" }, known],
  ["an outage changes nothing else", waiting, { kind: "outage" }, waiting],
  ["a missing app stays missing", missing, unknownAt("n1"), missing],
  [
    "nothing is to be doubted where all left",
    { kind: "known", info: allLeft },
    unknownAt("n1"),
    { kind: "known", info: allLeft },
  ],
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
