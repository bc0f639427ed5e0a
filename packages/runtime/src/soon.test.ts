import { soon } from "./soon";

test("is called once, after what waits now: promises and I/O go first", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    soon(() => {
      order.push("soon");
      resolve();
    });
    void Promise.resolve().then(() => order.push("promise"));
    order.push("now");
  });
  expect(order).toEqual(["now", "promise", "soon"]);
});
