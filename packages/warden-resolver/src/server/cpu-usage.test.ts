import { FakeClock } from "@discoveryd/runtime/testing";
import { CpuUsage } from "./cpu-usage";

/** A process that uses `share` of a core from now on. */
function useCpu(cores?: number) {
  const clock = new FakeClock();
  const load = { share: 0 };
  let micros = 0;
  let last = 0;
  const usedMicros = () => {
    micros += (clock.monotonic() - last) * 1_000 * load.share;
    last = clock.monotonic();
    return micros;
  };
  const cpu = new CpuUsage({ clock, usedMicros, ...(cores && { cores }) });
  return { clock, load, cpu };
}

test("an idle process is at 0, one that uses its core at 1000", async () => {
  const { clock, load, cpu } = useCpu();
  cpu.start();
  await clock.advance(1_000);
  expect(cpu.perMille).toBe(0);
  load.share = 1;
  await clock.advance(5_000);
  expect(cpu.perMille).toBe(999);
  cpu.close();
  expect(clock.pending).toBe(0);
});

test("a change shows to nine tenths after 1.75 s", async () => {
  const { clock, load, cpu } = useCpu();
  cpu.start();
  load.share = 1;
  await clock.advance(1_750);
  expect(cpu.perMille).toBeGreaterThan(900);
  cpu.close();
});

test("half a core is all that half a core's quota gives", async () => {
  const { clock, load, cpu } = useCpu(0.5);
  cpu.start();
  load.share = 0.5;
  await clock.advance(10_000);
  expect(cpu.perMille).toBe(1_000);
  cpu.close();
});

test("helper threads do not count beyond the whole", async () => {
  const { clock, load, cpu } = useCpu();
  cpu.start();
  load.share = 3;
  await clock.advance(10_000);
  expect(cpu.perMille).toBe(1_000);
  cpu.close();
});

test("starting twice samples once, and closing twice is fine", () => {
  const { clock, cpu } = useCpu();
  cpu.start();
  cpu.start();
  expect(clock.pending).toBe(1);
  cpu.close();
  cpu.close();
  expect(clock.pending).toBe(0);
});

test("this process can be measured", () => {
  const cpu = new CpuUsage();
  cpu.start();
  expect(cpu.perMille).toBe(0);
  cpu.close();
});
