import { cgroupCores, type ReadText } from "./cpu-cores";

function files(contents: Record<string, string>): ReadText {
  return (path) => {
    const text = contents[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };
}

test.each([
  ["version 2 with a quota", { "/sys/fs/cgroup/cpu.max": "50000 100000\n" }, 0.5],
  ["version 2 without", { "/sys/fs/cgroup/cpu.max": "max 100000\n" }, Infinity],
  [
    "version 1 with a quota",
    { "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" },
    2,
  ],
  [
    "version 1 without",
    { "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n" },
    Infinity,
  ],
  ["no control groups", {}, Infinity],
])("%s", (_what, contents, cores) => {
  expect(cgroupCores(files(contents as Record<string, string>))).toBe(cores);
});

test("this machine has more than none", () => {
  expect(cgroupCores()).toBeGreaterThan(0);
});
