export { ConfigError, readCommand } from "./config";
export type { Command } from "./config";
export { RegistryServer } from "./server";
export type { ServerOptions } from "./server";
export { settings } from "./settings";
export type { Config, Setting, SettingName } from "./settings";
