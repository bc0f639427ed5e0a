import fc from "fast-check";
import { STATUS_UP, STATUS_WAITING, type Instance } from "@discoveryd/protocol";
import { instanceWith } from "../testing/builders";
import { planList, type EncodedList } from "./encoded-list";
import { StoredInstance } from "./stored-instance";

const ALL = STATUS_UP | STATUS_WAITING;
const NOW = 1_795_342_003_214_000_000n;

function stored(hostname: string, more: Partial<Instance> = {}): StoredInstance {
  return new StoredInstance(instanceWith({ hostname, renewTimestamp: NOW, ...more }), 0);
}

/** Encodes somewhere in a buffer, as a view does. */
function encode(list: readonly StoredInstance[], last?: EncodedList): EncodedList {
  const plan = planList(list, ALL, last);
  return plan.write(Buffer.alloc(plan.bytes + 20), 7);
}

function textOf({ bytes, start, end }: EncodedList): string {
  return bytes.toString("utf8", start, end);
}

function expected(list: readonly StoredInstance[]): string {
  return list.map((each) => each.encode()).join(",");
}

test("a list is its instances joined by commas, and as long as it was planned", () => {
  const list = [stored("a"), stored("b", { metadata: new Map([["name", "Zoë"]]) }), stored("c")];
  const encoded = encode(list);
  expect(textOf(encoded)).toBe(expected(list));
  expect(encoded.end - encoded.start).toBe(planList(list, ALL, undefined).bytes);
  expect(textOf(encode([]))).toBe("");
});

test("an instance that has none of the statuses is left out, and comes back with the list", () => {
  const list = ["a", "b", "c"].map((hostname) => stored(hostname));
  const last = encode(list);
  list[1]?.replace(instanceWith({ hostname: "b", status: STATUS_WAITING, renewTimestamp: NOW }));
  const plan = planList(list, STATUS_UP, last);
  const up = plan.write(Buffer.alloc(plan.bytes), 0);
  expect(textOf(up)).toBe(expected([list[0], list[2]] as StoredInstance[]));
  expect(textOf(encode(list, up))).toBe(expected(list));
});

test("what has not changed is not encoded again", () => {
  const list = ["a", "b", "c"].map((hostname) => stored(hostname));
  const last = encode(list);
  const encodes = list.map((each) => jest.spyOn(each, "encode"));
  list[1]?.replace(instanceWith({ hostname: "b", version: "2", renewTimestamp: NOW }));
  const next = encode(list, last);
  expect(encodes.map((each) => each.mock.calls.length)).toEqual([0, 1, 0]);
  expect(textOf(next)).toBe(expected(list));
});

test("a heartbeat is shown without encoding its instance again", () => {
  const list = ["a", "b", "c"].map((hostname) => stored(hostname));
  const last = encode(list);
  list[1]?.renew(NOW + 1_000n, 1);
  const encode1 = jest.spyOn(list[1] as StoredInstance, "encode");
  const text = textOf(encode(list, last));
  expect(encode1).not.toHaveBeenCalled();
  expect(text).toBe(expected(list));
  // The last one is as it was: somebody may be reading it.
  expect(textOf(last)).toContain(`"renew_timestamp":${NOW},`);
});

test("a heartbeat of another number of digits is shown, too", () => {
  const list = [stored("a", { renewTimestamp: 0n }), stored("b", { renewTimestamp: 999n })];
  const last = encode(list);
  for (const each of list) each.renew(1_000n, 1);
  expect(textOf(encode(list, last))).toBe(expected(list));
});

/** What happens between two encodings. */
type Step =
  | { readonly kind: "add" | "remove" | "renew"; readonly at: number }
  | { readonly kind: "replace"; readonly at: number; readonly version: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("add" as const, "remove" as const, "renew" as const), at: fc.nat(30) }),
  fc.record({ kind: fc.constant("replace" as const), at: fc.nat(30), version: fc.string({ maxLength: 5 }) }),
);

test("whatever happens in between, an encoding from the last one is what a fresh one is", () => {
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 }), (rounds) => {
      const hosts = new Map<number, StoredInstance>();
      let now = NOW;
      let last: EncodedList | undefined;
      for (const steps of rounds) {
        for (const each of steps) take(each, hosts, (now += 1_000n));
        const list = [...hosts.values()].sort((a, b) => (a.instance.hostname < b.instance.hostname ? -1 : 1));
        last = encode(list, last);
        expect(textOf(last)).toBe(expected(list));
      }
    }),
  );
});

function take(each: Step, hosts: Map<number, StoredInstance>, now: bigint): void {
  const one = hosts.get(each.at);
  if (each.kind === "add") hosts.set(each.at, one ?? stored(`h${each.at}`));
  else if (each.kind === "remove") hosts.delete(each.at);
  else if (each.kind === "replace")
    one?.replace(instanceWith({ hostname: `h${each.at}`, version: each.version, renewTimestamp: now }));
  else one?.renew(now, 1);
}
