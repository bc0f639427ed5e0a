import { checkBuildOptions, select } from "./select";
import { hostnamesOf, infoOf, instanceWith } from "../testing/builders";

const context = { zone: "zone01", clientId: "client-1" };
const info = infoOf([
  instanceWith({ hostname: "own", addrs: ["http://h:1"] }),
  ...Array.from({ length: 5 }, (_, i) => instanceWith({ zone: "zone02", hostname: `other-${i}` })),
]);

test("without options everything is shown", () => {
  expect(select(info, {}, context)).toBe(info);
});

test("the filter applies before the own zone is looked at", () => {
  const left = select(info, { filter: { scheme: "grpc" }, scheduleNode: true }, context);
  expect([...left.instances.keys()]).toEqual(["zone02"]);
});

test("the zone given beats the client's", () => {
  expect(hostnamesOf(select(info, { scheduleNode: true }, context))).toEqual(["own"]);
  expect(hostnamesOf(select(info, { scheduleNode: "zone02" }, context))).toHaveLength(5);
});

test("the subset is made of what is left, by the client's id or the one given", () => {
  const options = { scheduleNode: "zone02", subset: 2 };
  expect(hostnamesOf(select(info, options, context))).toHaveLength(2);
  const byId = new Set(
    Array.from({ length: 20 }, (_, i) =>
      hostnamesOf(select(info, { ...options, clientId: `c${i}` }, context)).join(),
    ),
  );
  expect(byId.size).toBeGreaterThan(3);
});

test.each([0, -1, 1.5, NaN])("a subset of %d is refused", (subset) => {
  expect(() => checkBuildOptions({ subset })).toThrow(
    `build option subset = ${subset}: a whole number from 1 up`,
  );
});
