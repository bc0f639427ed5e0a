export type * from "./naming";
export { Discovery } from "./client";
export type { DiscoveryOptions } from "./client";
export type { DiscoveryConfig, ResolvedConfig } from "./config";
export { Direct } from "./direct";
export { LiveResolver } from "./watch/live-resolver";
export type { LiveResolverOptions } from "./watch/live-resolver";
export { checkBuildOptions, select } from "./select/select";
export type { SelectContext } from "./select/select";
