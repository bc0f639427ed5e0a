import { codes, encodeInstance } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { useRegistry } from "../testing/use-registry";
import { decodeStates, encodeInParts, encodeStates, readState, type AppState } from "./app-state";
import { parseJson } from "./operation";

const startRegistry = useRegistry();

const state: AppState = {
  env: "dev",
  appid: 'pro"vider',
  instances: [
    {
      instance: instanceWith({
        dirtyTimestamp: 1_795_342_219_143_135_554n,
        metadata: new Map([["__proto__", "é"]]),
      }),
      silentMs: 12,
    },
  ],
  cancelled: [{ zone: "sh001", hostname: "h2", at: 8_999_999_999_999_999_999n }],
};

function stateOf(count: number, changes = {}): AppState {
  const instances = Array.from({ length: count }, (_, i) => ({
    instance: instanceWith({ hostname: `h${i}`, ...changes }),
    silentMs: i,
  }));
  return { ...state, instances, cancelled: [] };
}

function decoded(parts: Iterable<string>): AppState[][] {
  return [...parts].map((part) => decodeStates(parseJson(part)));
}

test("what a node writes another reads, to the digit", () => {
  expect(decodeStates(parseJson(encodeStates([state, { ...state, instances: [], isRest: true }])))).toEqual([
    state,
    { ...state, instances: [], isRest: true },
  ]);
});

test("an app is read with its last heartbeats and their age, of all zones, but for what does not count", () => {
  const { registry } = startRegistry();
  for (const zone of ["sh001", "sh002"]) registry.adopt(instanceWith({ zone, renewTimestamp: 7_000n }), 30);
  registry.adopt(instanceWith({ hostname: "old" }), 0);
  registry.adopt(instanceWith({ appid: "other" }), 0);
  const read = readState(
    registry,
    { env: "dev", appid: "provider" },
    ({ instance }) => instance.hostname !== "old",
  );
  expect(read).toEqual({
    env: "dev",
    appid: "provider",
    instances: ["sh001", "sh002"].map((zone) => ({
      instance: instanceWith({ zone, renewTimestamp: 7_000n }),
      silentMs: 30,
    })),
    cancelled: [],
  });
});

test("an app that is not there has no instances", () => {
  const { registry } = startRegistry();
  expect(readState(registry, { env: "dev", appid: "x" }, () => true).instances).toEqual([]);
});

test("what fits into one request is one", () => {
  expect(decoded(encodeInParts([state, stateOf(50)], 1_000_000))).toEqual([[state, stateOf(50)]]);
});

test("nothing is no request", () => {
  expect([...encodeInParts([], 100)]).toEqual([]);
});

test("a large app is cut into pieces; all but the first say that they are the rest", () => {
  const [part] = decoded(encodeInParts([stateOf(120)], 1_000_000)) as [AppState[]];
  expect(part.map(({ instances, isRest }) => [instances.length, isRest])).toEqual([
    [50, undefined],
    [50, true],
    [20, true],
  ]);
  expect(part.flatMap(({ instances }) => instances)).toEqual(stateOf(120).instances);
});

test("no request is longer than asked for, unless one piece is", () => {
  const texts = [...encodeInParts([stateOf(400), stateOf(3)], 30_000)];
  const pieces = Math.max(...texts.map((text) => text.length));
  expect(texts.length).toBeGreaterThan(2);
  expect(pieces).toBeLessThan(30_000 + 50 * encodeInstance(instanceWith()).length);
  expect(
    decoded(texts)
      .flat()
      .flatMap(({ instances }) => instances),
  ).toHaveLength(403);
});

test.each([
  ["no list", "{}"],
  ["no app", "[1]"],
  ["no env", '[{"appid":"a","instances":[],"cancelled":[]}]'],
  ["no appid", '[{"env":"a","instances":[],"cancelled":[]}]'],
  ["no instances", '[{"env":"a","appid":"a","cancelled":[]}]'],
  ["no cancelled", '[{"env":"a","appid":"a","instances":[]}]'],
  ["an instance that is none", '[{"env":"a","appid":"a","instances":[{"instance":7}],"cancelled":[]}]'],
  [
    "a cancel without a moment",
    '[{"env":"a","appid":"a","instances":[],"cancelled":[{"zone":"z","hostname":"h"}]}]',
  ],
])("a state that cannot be read is -400: %s", (_what, text) => {
  expect(() => decodeStates(parseJson(text))).toThrow(expect.objectContaining({ code: codes.badRequest }));
});
