/** Where a library's events go: one line an event, a fixed message and its fields. pino's loggers fit as they are. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const silent = () => undefined;

/** Says nothing: what a library starts with. */
export const silentLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent };
