import fc from "fast-check";
import { FakeClock } from "./fake-clock";

fc.configureGlobal({ seed: 1, numRuns: 50 });

test("timers fire at their own time, in order of it, those of one time in the order they were set", async () => {
  const delays = fc.array(fc.nat(20), { maxLength: 10 });
  await fc.assert(
    fc.asyncProperty(delays, async (timers) => {
      const clock = new FakeClock();
      const fired: [at: number, index: number][] = [];
      timers.forEach((ms, index) => clock.after(ms, () => fired.push([clock.monotonic(), index])));
      await clock.advance(20);
      expect(fired).toEqual(timers.map((ms, index) => [ms, index]).sort(([a = 0], [b = 0]) => a - b));
    }),
  );
});

test("a timer that is not due stays pending", async () => {
  const clock = new FakeClock();
  let fired = false;
  clock.after(10, () => (fired = true));
  await clock.advance(9);
  expect([fired, clock.pending]).toEqual([false, 1]);
  await clock.advance(1);
  expect([fired, clock.pending]).toEqual([true, 0]);
});

test("a timer set by a timer fires within the same advance, when it is due", async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.after(5, () => {
    clock.after(5, () => fired.push(clock.monotonic()));
    clock.after(6, () => fired.push(clock.monotonic()));
  });
  await clock.advance(10);
  expect(fired).toEqual([10]);
});

test("a cancelled timer does not fire, even one that is due at the same time", async () => {
  const clock = new FakeClock();
  let fired = false;
  clock.after(5, () => cancel());
  const cancel = clock.after(5, () => (fired = true));
  await clock.advance(10);
  expect(fired).toBe(false);
});

test("what a timer started settles before the next one fires", async () => {
  const clock = new FakeClock();
  const order: string[] = [];
  clock.after(1, () => void Promise.resolve().then(() => order.push("settled")));
  clock.after(2, () => order.push("next"));
  await clock.advance(2);
  expect(order).toEqual(["settled", "next"]);
});

test("both times move together", async () => {
  const clock = new FakeClock(1_000);
  await clock.advance(250);
  expect([clock.now(), clock.monotonic()]).toEqual([1_250, 250]);
});

test("a jump changes the time of day alone, and fires nothing", async () => {
  const clock = new FakeClock(1_000);
  let fired = false;
  clock.after(10, () => (fired = true));
  clock.jump(3_600_000);
  expect([clock.now(), clock.monotonic(), fired]).toEqual([3_601_000, 0, false]);
  clock.jump(-7_200_000);
  await clock.advance(10);
  expect([clock.now(), clock.monotonic(), fired]).toEqual([-3_598_990, 10, true]);
});

test("a negative delay is none", async () => {
  const clock = new FakeClock();
  await clock.advance(5);
  let firedAt = -1;
  clock.after(-10, () => (firedAt = clock.monotonic()));
  await clock.advance(0);
  expect(firedAt).toBe(5);
});

test("of two that advance at once the one that ends later does not move it back", async () => {
  const clock = new FakeClock();
  clock.after(1, () => void clock.advance(1_000));
  await clock.advance(10);
  expect(clock.monotonic()).toBe(1_001);
});
