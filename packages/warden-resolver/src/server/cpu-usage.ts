import { repeat, systemClock, type Clock } from "@discoveryd/runtime";
import { cgroupCores } from "./cpu-cores";

export interface CpuUsageOptions {
  /** Time between two samples, in milliseconds. Default 250. */
  readonly intervalMs?: number;
  /**
   * How many cores' worth of time is all the process can use. Default 1, as a Node process is at its limit when its
   * one thread is, or less where the control group gives less. Raise it for one that works in several threads.
   */
  readonly cores?: number;
  readonly clock?: Clock;
  /** The processor time used so far, in microseconds. Default: this process'. */
  readonly usedMicros?: () => number;
}

// A sample's part in the average: a change shows to nine tenths after 6 samples, 1.5 s.
const SAMPLE_WEIGHT = 0.3;

/** How busy this process is, as a moving average. */
export class CpuUsage {
  private readonly clock: Clock;
  private readonly intervalMs: number;
  private readonly cores: number;
  private readonly usedMicros: () => number;
  private stop: (() => void) | undefined;
  private average = 0;
  private last = { at: 0, micros: 0 };

  constructor({
    clock = systemClock,
    intervalMs = 250,
    cores = Math.min(1, cgroupCores()),
    usedMicros = processMicros,
  }: CpuUsageOptions = {}) {
    this.clock = clock;
    this.intervalMs = intervalMs;
    this.cores = cores;
    this.usedMicros = usedMicros;
  }

  /** From 0, idle, to 1000: the process uses all it can get. */
  get perMille(): number {
    return Math.round(this.average);
  }

  start(): void {
    this.last = { at: this.clock.monotonic(), micros: this.usedMicros() };
    this.stop ??= repeat(this.clock, this.intervalMs, () => this.sample());
  }

  close(): void {
    this.stop?.();
    this.stop = undefined;
  }

  private sample(): void {
    const now = { at: this.clock.monotonic(), micros: this.usedMicros() };
    const usedMs = (now.micros - this.last.micros) / 1_000;
    const share = usedMs / ((now.at - this.last.at) * this.cores);
    this.last = now;
    this.average += SAMPLE_WEIGHT * (1_000 * Math.min(1, share) - this.average);
  }
}

function processMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
