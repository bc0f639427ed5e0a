import type { Instance, Scheduler } from "../naming";
import { weightOf } from "./schedule";
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

describe("a subset of scheduled zones", () => {
  const scheduler: Scheduler = {
    clients: new Map([
      [
        "zone01",
        {
          zones: new Map([
            ["zone01", { weight: 3 }],
            ["zone02", { weight: 1 }],
          ]),
        },
      ],
    ]),
  };
  const list = [
    ...Array.from({ length: 200 }, (_, i) => instanceWith({ hostname: `own-${i}` })),
    ...Array.from({ length: 2 }, (_, i) => instanceWith({ zone: "zone02", hostname: `other-${i}` })),
  ];
  const clients = Array.from({ length: 20 }, (_, i) => `c${i}`);
  const chosen = (instances: readonly Instance[], clientId: string, subset = 20) =>
    select(infoOf(instances, { scheduler }), { scheduleNode: true, subset, clientId }, context);

  test("keeps the zones' shares, however few instances a zone has", () => {
    for (const client of clients) {
      const { instances } = chosen(list, client);
      const weights = [...instances].map(([, all]) => all.reduce((sum, one) => sum + weightOf(one), 0));
      expect([...instances.values()].flat()).toHaveLength(20);
      expect((weights[1] as number) / (weights[0] as number)).toBeCloseTo(1 / 3, 2);
    }
  });

  test("changes by one at most when an instance leaves", () => {
    for (const gone of [list[0], list[100], list[200], list[201]]) {
      const rest = list.filter((instance) => instance !== gone);
      for (const client of clients) {
        const before = new Set(hostnamesOf(chosen(list, client)));
        const after = hostnamesOf(chosen(rest, client));
        expect(after.filter((name) => !before.has(name)).length).toBe(
          before.has(gone?.hostname ?? "") ? 1 : 0,
        );
      }
    }
  });

  test("is no greater than asked for, with more zones than that", () => {
    expect(hostnamesOf(chosen(list, "c1", 1))).toHaveLength(1);
  });

  test("favours no zone where there is no strategy", () => {
    const all = (client: string) => select(infoOf(list), { subset: 20, clientId: client }, context);
    expect(clients.every((client) => all(client).instances.has("zone02"))).toBe(false);
  });
});

test.each([0, -1, 1.5, NaN])("a subset of %d is refused", (subset) => {
  expect(() => checkBuildOptions({ subset })).toThrow(
    `build option subset = ${subset}: a whole number from 1 up`,
  );
});
