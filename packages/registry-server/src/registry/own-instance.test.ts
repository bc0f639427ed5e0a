import fc from "fast-check";
import { instanceWith } from "../testing/builders";
import { ownInstance } from "./own-instance";
import { ownText } from "./own-text";

test("a text in memory of its own is the same text, halves of surrogate pairs included", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(ownText(text)).toBe(text);
      expect(ownText(`${text}\ud800${text}`)).toBe(`${text}\ud800${text}`);
    }),
    { seed: 1 },
  );
});

test("an instance of its own is the same instance", () => {
  const instance = instanceWith({ metadata: new Map([["__proto__", "a value long enough to be cut out"]]) });
  expect(ownInstance(instance, undefined)).toEqual(instance);
});

test("what two instances have in common is kept once", () => {
  const first = instanceWith({ hostname: "h1", metadata: new Map([["weight", "10"]]) });
  const second = instanceWith({ hostname: "h2", metadata: new Map([["weight", "10"]]) });
  const own = ownInstance(second, first);
  expect(own).toEqual(second);
  expect(own.metadata).toBe(first.metadata);
  expect(own.addrs).toBe(first.addrs);
});

test("what differs is not taken from the other one", () => {
  const first = instanceWith({ metadata: new Map([["weight", "10"]]), addrs: ["http://a:1"] });
  const second = instanceWith({ metadata: new Map([["weight", "20"]]), addrs: ["http://a:2"], version: "2" });
  expect(ownInstance(second, first)).toEqual(second);
});
