import { parseSchedule } from "./schedules";

const file = {
  app_id: "provider",
  env: "dev",
  clients: { sh001: { zones: { sh001: { weight: 1 }, sh002: { weight: 9 } } } },
  remark: "most to sh002",
};

test("a schedule is read as it stands in its file", () => {
  expect(parseSchedule(JSON.stringify(file))).toEqual({
    appid: "provider",
    env: "dev",
    scheduler: {
      clients: new Map([
        ["sh001", { zones: new Map([["sh001", { weight: 1 }], ["sh002", { weight: 9 }]]) }], // prettier-ignore
      ]),
    },
  });
});

test("a schedule without clients has none", () => {
  expect(parseSchedule('{"app_id":"provider","env":"dev"}').scheduler).toEqual({ clients: new Map() });
});

test.each([
  ["", "not JSON"],
  ["{", "not JSON"],
  ["null", "app_id: must be text"],
  ["[]", "app_id: must be text"],
  [{ ...file, app_id: "" }, "app_id: must be text"],
  [{ ...file, app_id: 5 }, "app_id: must be text"],
  [{ ...file, env: undefined }, "env: must be text"],
  [{ ...file, clients: [] }, "scheduler.clients is not a JSON object"],
  [{ ...file, clients: { a: { zones: { b: 3 } } } }, "scheduler.clients.a.zones.b is not a JSON object"],
  [{ ...file, clients: { a: { zones: { b: { weight: -1 } } } } }, "scheduler.clients.a.zones.b.weight"],
  [{ ...file, clients: { a: { zones: { b: { weight: "3" } } } } }, "scheduler.clients.a.zones.b.weight"],
])("%j is refused: %s", (content, reason) => {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  expect(() => parseSchedule(text)).toThrow(reason);
});
