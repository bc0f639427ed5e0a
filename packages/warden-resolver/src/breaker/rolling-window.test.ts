import { RollingWindow } from "./rolling-window";

function useWindow(): RollingWindow {
  return new RollingWindow({ windowMs: 3_000, buckets: 10 });
}

describe("RollingWindow", () => {
  test("counts what was added within the window", () => {
    const window = useWindow();
    window.add(0, true);
    window.add(100, false);
    window.add(2_900, true);
    expect(window.counts(2_999)).toEqual({ total: 3, accepted: 2 });
  });

  test("forgets one bucket at a time, the oldest first", () => {
    const window = useWindow();
    window.add(0, true);
    window.add(300, false);
    expect(window.counts(2_999).total).toBe(2);
    expect(window.counts(3_000)).toEqual({ total: 1, accepted: 0 });
    expect(window.counts(3_300)).toEqual({ total: 0, accepted: 0 });
  });

  test("is empty after a pause longer than the window", () => {
    const window = useWindow();
    for (let at = 0; at < 3_000; at += 100) window.add(at, true);
    expect(window.counts(1e9)).toEqual({ total: 0, accepted: 0 });
    window.add(1e9, true);
    expect(window.counts(1e9)).toEqual({ total: 1, accepted: 1 });
  });

  test("starts at any time", () => {
    const window = useWindow();
    window.add(123_456_789, false);
    expect(window.counts(123_456_789)).toEqual({ total: 1, accepted: 0 });
  });

  test("keeps what it counted when asked about an earlier time", () => {
    const window = useWindow();
    window.add(6_000, true);
    expect(window.counts(5_000)).toEqual({ total: 1, accepted: 1 });
  });
});
