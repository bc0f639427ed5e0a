import { codes } from "@discoveryd/protocol";
import { FakeClock } from "@discoveryd/runtime/testing";
import { Bootstrap } from "./bootstrap";

let clock: FakeClock;
let bootstrap: Bootstrap;

function start(protect: boolean): void {
  clock = new FakeClock();
  bootstrap = new Bootstrap(protect, clock);
  bootstrap.start();
}

afterEach(() => {
  bootstrap.close();
  expect(clock.pending).toBe(0);
});

test("without protection reads are answered from the start", () => {
  start(false);
  expect(bootstrap.refusal()).toBeUndefined();
});

test("with protection reads are refused with -503", () => {
  start(true);
  expect(bootstrap.refusal()?.code).toBe(codes.unavailable);
});

test("the first sync ends the protection", () => {
  start(true);
  bootstrap.open();
  expect(bootstrap.refusal()).toBeUndefined();
  expect(clock.pending).toBe(0);
});

test("a minute ends the protection, and no less", async () => {
  start(true);
  await clock.advance(59_999);
  expect(bootstrap.refusal()).toBeDefined();
  await clock.advance(1);
  expect(bootstrap.refusal()).toBeUndefined();
});

test("every sync may end it: only the first does anything", () => {
  start(true);
  bootstrap.open();
  bootstrap.open();
  expect(bootstrap.refusal()).toBeUndefined();
});
