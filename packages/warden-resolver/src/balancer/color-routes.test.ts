import { ColorRoutes, type Routable } from "./color-routes";

type Member = Routable & { readonly name: string };

const ready = { ready: true, fresh: false, connecting: false };
const fresh = { ready: false, fresh: true, connecting: true };
const connecting = { ready: false, fresh: false, connecting: true };
const broken = { ready: false, fresh: false, connecting: false };

function routes(...members: [name: string, color: string, state: typeof ready][]) {
  const connections = members.map(([name, color, state]): Member => ({ name, color, ...state }));
  return new ColorRoutes(connections, (group) => group.map(({ name }) => name).join());
}

test.each([
  ["a color goes to instances of that color", "red", "r1,r2"],
  ["another color to those of the other", "blue", "b1"],
  ["a color that nobody has goes to those without color", "green", "p1,p2"],
  ["no color goes to those without color", "", "p1,p2"],
])("%s", (_rule, color, expected) => {
  const all = routes(
    ["p1", "", ready],
    ["r1", "red", ready],
    ["p2", "", ready],
    ["r2", "red", ready],
    ["b1", "blue", ready],
    ["b2", "blue", broken],
  );
  expect(all.find(color)).toBe(expected);
  expect(all.colored).toBe(true);
  expect(all.readyColors).toEqual(["", "red", "blue"]);
});

test.each([
  ["the first connection of its color is waited for", fresh, "wait"],
  ["a color that reconnects is stood in for", connecting, "p1"],
  ["a color that cannot be reached is stood in for", broken, "p1"],
])("%s", (_rule, state, expected) => {
  expect(routes(["p1", "", ready], ["r1", "red", state]).find("red")).toBe(expected);
});

test.each([
  ["waits for an instance without color that connects", connecting, "wait"],
  ["waits for one that connects for the first time", fresh, "wait"],
  ["has nowhere to go when they cannot be reached", broken, "none"],
])("a call without color %s", (_rule, state, expected) => {
  expect(routes(["p1", "", state], ["r1", "red", ready]).find("")).toBe(expected);
});

test("a call without color never goes to a colored instance", () => {
  expect(routes(["r1", "red", ready]).find("")).toBe("none");
});

test("where nothing has a color nobody need look for one", () => {
  expect(routes(["p1", "", ready]).colored).toBe(false);
});
