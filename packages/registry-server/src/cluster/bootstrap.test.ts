import { FakeClock } from "@discoveryd/runtime/testing";
import { Bootstrap } from "./bootstrap";

const refusal = {
  code: -503,
  message: "this node is starting up and has not synced from a peer yet",
};

test("a node that is not to be protected is open from the start", () => {
  const clock = new FakeClock();
  const bootstrap = new Bootstrap(false, clock);
  bootstrap.start();
  expect([bootstrap.refusal(), clock.pending]).toEqual([undefined, 0]);
});

test("a protected node refuses reads for 60 s", async () => {
  const clock = new FakeClock();
  const bootstrap = new Bootstrap(true, clock);
  bootstrap.start();
  await clock.advance(59_999);
  expect(bootstrap.refusal()).toMatchObject(refusal);
  await clock.advance(1);
  expect([bootstrap.refusal(), clock.pending]).toEqual([undefined, 0]);
});

test("a protected node opens when it is told to, and stays open", async () => {
  const clock = new FakeClock();
  const bootstrap = new Bootstrap(true, clock);
  bootstrap.start();
  bootstrap.open();
  bootstrap.open();
  expect([bootstrap.refusal(), clock.pending]).toEqual([undefined, 0]);
});

test("a node that opened before it was started stays open", () => {
  const clock = new FakeClock();
  const bootstrap = new Bootstrap(true, clock);
  bootstrap.open();
  bootstrap.start();
  expect([bootstrap.refusal(), clock.pending]).toEqual([undefined, 0]);
});

test("a node that is closed leaves no timer", () => {
  const clock = new FakeClock();
  const bootstrap = new Bootstrap(true, clock);
  bootstrap.start();
  bootstrap.close();
  bootstrap.close();
  expect(clock.pending).toBe(0);
});
