import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { FakeClock } from "@discoveryd/runtime/testing";
import { Outflow } from "./outflow";

const MEGABYTE = 1_048_576;

/** A response of which so many bytes are not taken yet. */
function responseWith(writableLength: number): ServerResponse {
  return Object.assign(new EventEmitter(), { socket: { writableLength } }) as unknown as ServerResponse;
}

test("it is full with more than 16 MB under way, and has room again when clients have taken theirs", () => {
  const clock = new FakeClock();
  const outflow = new Outflow(clock);
  const answers = [responseWith(10 * MEGABYTE), responseWith(6 * MEGABYTE), responseWith(1)];
  const isFull = answers.map((res) => {
    outflow.follow(res);
    return outflow.isFull;
  });
  expect(isFull).toEqual([false, false, true]);
  answers[0]?.emit("close");
  expect(outflow.isFull).toBe(false);
  for (const res of answers) res.emit("close");
  expect(clock.pending).toBe(0);
  outflow.follow(responseWith(16 * MEGABYTE));
  expect(outflow.isFull).toBe(false);
});

test("nobody waits for a client that does not read", async () => {
  const clock = new FakeClock();
  const outflow = new Outflow(clock);
  const slow = responseWith(17 * MEGABYTE);
  outflow.follow(slow);
  await clock.advance(499);
  expect(outflow.isFull).toBe(true);
  await clock.advance(1);
  expect(outflow.isFull).toBe(false);
  // Its end is not counted a second time.
  slow.emit("close");
  outflow.follow(responseWith(16 * MEGABYTE + 1));
  expect(outflow.isFull).toBe(true);
});

test("an answer that the kernel has taken, or whose client has gone, does not count", () => {
  const clock = new FakeClock();
  const outflow = new Outflow(clock);
  outflow.follow(responseWith(0));
  outflow.follow(Object.assign(new EventEmitter(), { socket: null }) as unknown as ServerResponse);
  expect([outflow.isFull, clock.pending]).toEqual([false, 0]);
});
