import { seededRandom } from "@discoveryd/runtime";
import { FakeClock } from "@discoveryd/runtime/testing";
import { defaultBreakerPolicy, refusedShare, SreBreaker } from "./sre-breaker";

describe("refusedShare", () => {
  test.each([
    { total: 99, accepted: 0, share: 0 },
    { total: 100, accepted: 0, share: 100 / 101 },
    { total: 100, accepted: 100, share: 0 },
    { total: 150, accepted: 100, share: 0 },
    { total: 200, accepted: 100, share: 50 / 201 },
    { total: 1_000, accepted: 10, share: 985 / 1_001 },
  ])("of $total calls with $accepted accepted is $share", ({ total, accepted, share }) => {
    expect(refusedShare({ total, accepted }, defaultBreakerPolicy)).toBeCloseTo(share, 12);
  });
});

function useBreaker() {
  const clock = new FakeClock();
  const breaker = new SreBreaker({ random: seededRandom(7) });
  return {
    clock,
    breaker: {
      refuse: () => breaker.refuse(clock.monotonic()),
      record: (accepted: boolean) => breaker.record(clock.monotonic(), accepted),
    },
  };
}

function recordMany(breaker: { record(accepted: boolean): void }, count: number, accepted: boolean): void {
  for (let i = 0; i < count; i++) breaker.record(accepted);
}

describe("SreBreaker", () => {
  test("lets everything through while calls succeed", () => {
    const { breaker } = useBreaker();
    recordMany(breaker, 1_000, true);
    expect(breaker.refuse()).toBeUndefined();
  });

  test("lets everything through below 100 calls, however they end", () => {
    const { breaker } = useBreaker();
    recordMany(breaker, 99, false);
    expect(breaker.refuse()).toBeUndefined();
  });

  test("refuses nearly all calls when all fail, and says why", () => {
    const { breaker } = useBreaker();
    recordMany(breaker, 200, false);
    expect(breaker.refuse()).toBe(
      "0 of the 200 calls of the last 3000 ms succeeded, 100% are refused for now",
    );
  });

  test("refuses a quarter of the calls when half of them fail", async () => {
    const { breaker, clock } = useBreaker();
    let refused = 0;
    for (let i = 0; i < 20_000; i++) {
      if (breaker.refuse()) refused++;
      else breaker.record(i % 2 === 0);
      if (i % 10 === 0) await clock.advance(10);
    }
    expect(refused / 20_000).toBeGreaterThan(0.2);
    expect(refused / 20_000).toBeLessThan(0.3);
  });

  test.each([100, 1_000, 5_000])(
    "is open again 3 s after the failures end, at %i calls a second",
    async (rate) => {
      const { breaker, clock } = useBreaker();
      const refusedIn = async (seconds: number, accepted: boolean) => {
        let refused = 0;
        for (let i = 0; i < rate * seconds; i++) {
          if (i % (rate / 100) === 0) await clock.advance(10);
          if (breaker.refuse()) refused++;
          else breaker.record(accepted);
        }
        return refused;
      };
      expect(await refusedIn(6, false)).toBeGreaterThan(rate * 6 * 0.5);
      await refusedIn(3.3, true);
      expect(await refusedIn(3, true)).toBe(0);
    },
  );

  test("lets everything through again a window after the failures", async () => {
    const { clock, breaker } = useBreaker();
    recordMany(breaker, 500, false);
    await clock.advance(3_300);
    expect(breaker.refuse()).toBeUndefined();
  });

  test("goes by chance, with the usual policy, when it is told nothing", () => {
    const breaker = new SreBreaker();
    for (let i = 0; i < 1_000; i++) breaker.record(i, true);
    expect(breaker.refuse(1_000)).toBeUndefined();
  });
});
