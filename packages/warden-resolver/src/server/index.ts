export { currentCall, runInCall } from "../interceptors/call-context";
export type { CallContext } from "../interceptors/call-context";
export { CPU_USAGE_TRAILER } from "./call-observer";
export type { Duration, WardenServerConfig } from "./config";
export { CpuUsage } from "./cpu-usage";
export type { CpuUsageOptions } from "./cpu-usage";
export { WardenServer } from "./server";
export type { ServedInstance, WardenServerOptions } from "./server";
export type { SignalSource } from "./signals";
