import { RequestCounts } from "./requests";

test("answers are counted by route and code", () => {
  const counts = new RequestCounts();
  counts.add("renew", 0);
  counts.add("renew", -404);
  counts.add("renew", 0);
  counts.add("fetch/all", 0);
  expect([...counts.all()]).toEqual([
    { route: "renew", code: 0, count: 2 },
    { route: "renew", code: -404, count: 1 },
    { route: "fetch/all", code: 0, count: 1 },
  ]);
});
