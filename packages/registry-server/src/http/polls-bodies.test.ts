import { PollsBodies } from "./polls-bodies";

const a = Buffer.from('{"a":1}');
const b = Buffer.from('{"b":2}');

function text(infos: [string, Buffer][], missing: string[] = []): string {
  return new PollsBodies().of(infos, missing).toString();
}

test("a body holds the apps by app id, and null where none is missing", () => {
  expect(
    text([
      ["a", a],
      ["b", b],
    ]),
  ).toBe(
    // prettier-ignore
    '{"code":0,"message":"0","ttl":1,"data":{"a":{"a":1},"b":{"b":2}},"error":{"-404":null}}',
  );
});

test("a body names the apps that do not exist", () => {
  expect(text([["a", a]], ["x", 'y"'])).toBe(
    '{"code":0,"message":"0","ttl":1,"data":{"a":{"a":1}},"error":{"-404":["x","y\\""]}}',
  );
});

test("those who are told the same share one body", () => {
  const bodies = new PollsBodies();
  expect(bodies.of([["a", a]], ["x"])).toBe(bodies.of([["a", a]], ["x"]));
});

test("those who miss different apps are told so", () => {
  const bodies = new PollsBodies();
  const [first, second] = [bodies.of([["a", a]], ["x"]), bodies.of([["a", a]], ["y"])];
  expect(first.toString()).toContain('["x"]');
  expect(second.toString()).toContain('["y"]');
  expect(bodies.of([["a", a]], []).toString()).toContain("null");
});

test("another version of an app is another body", () => {
  const bodies = new PollsBodies();
  bodies.of([["a", a]], []);
  expect(bodies.of([["a", Buffer.from('{"a":2}')]], []).toString()).toContain('{"a":2}');
});
