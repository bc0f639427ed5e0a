import { FakeClock } from "@discoveryd/runtime/testing";
import { Metadata, status as Status } from "@grpc/grpc-js";
import { SreBreaker } from "../breaker/sre-breaker";
import { createBreakerStage } from "./breaker";
import type { OutgoingCall } from "./outgoing-call";

const NOW = 7;
const policy = { windowMs: 3_000, buckets: 10, k: 1, minRequests: 10 };

/** The stage over a breaker that refuses whenever the formula leaves a chance. */
function useStage() {
  const breaker = new SreBreaker({ policy, random: () => 0 });
  const clock = new FakeClock(10_000);
  const stage = createBreakerStage({ breakerOf: () => breaker, clock });
  const call = {
    breaker,
    options: { deadline: 10_000 },
    startedAt: NOW,
    endedAt: NOW,
  } as unknown as OutgoingCall;
  const end = (code: Status) => void stage.end?.(call, { code, details: "", metadata: new Metadata() });
  return {
    clock,
    breaker,
    endMany: (count: number, code: Status) => Array.from({ length: count }, () => end(code)),
  };
}

test.each([Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL, Status.RESOURCE_EXHAUSTED])(
  "status %i counts as a failure",
  (code) => {
    const { breaker, endMany } = useStage();
    endMany(10, code);
    expect(breaker.refuse(NOW)).toContain("0 of the 10 calls");
  },
);

test.each([Status.OK, Status.NOT_FOUND, Status.INVALID_ARGUMENT, Status.UNKNOWN])(
  "status %i is the application's business, and counts as accepted",
  (code) => {
    const { breaker, endMany } = useStage();
    endMany(100, code);
    expect(breaker.refuse(NOW)).toBeUndefined();
  },
);

test("a call that its caller gave up does not count", () => {
  const { breaker, endMany } = useStage();
  endMany(100, Status.CANCELLED);
  expect(breaker.refuse(NOW)).toBeUndefined();
  endMany(10, Status.UNAVAILABLE);
  expect(breaker.refuse(NOW)).toContain("0 of the 10 calls");
});

test("a deadline that this process notices late does not count", () => {
  const { breaker, clock, endMany } = useStage();
  clock.jump(51);
  endMany(100, Status.DEADLINE_EXCEEDED);
  expect(breaker.refuse(NOW)).toBeUndefined();
});
