export { resolver, SchemeTable } from "./register";
export type { RegisterOptions } from "./register";
export { parseTarget } from "./resolver/target";
export type { BalancerName, Target } from "./resolver/target";
export { buildServiceConfig } from "./resolver/service-config";
export type { OutlierDetection, ServiceConfigOptions } from "./resolver/service-config";
export { PROBE_OPTION } from "./resolver/naming-resolver";
export type { ChannelProbe } from "./resolver/naming-resolver";
export type { ConnectionReport } from "./balancer/balancer-context";
