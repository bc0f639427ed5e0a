import { experimental } from "@grpc/grpc-js";
import type { Builder } from "@discoveryd/naming-sdk";
import { systemClock, systemRandom, type Clock, type Logger, type Random } from "@discoveryd/runtime";
import { registerBalancers } from "./balancer/policies";
import { processColor } from "./config";
import { createResolverClass } from "./resolver/naming-resolver";

export interface RegisterOptions {
  /** Of calls whose metadata carries no `color`. Default: the environment's DEPLOY_COLOR, else none. */
  readonly color?: string;
  /** Where instances that cannot be called are reported, and a scheme registered twice. Default: process warnings. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * The schemes that this process' channels can be dialled with. grpc-js keeps one table a process (and a copy of
 * grpc-js); a channel looks its scheme up once, when it is made.
 */
export class SchemeTable {
  private readonly schemes = new Set<string>();

  /**
   * Makes targets of the builder's scheme known to grpc-js. A scheme that is registered already keeps its builder,
   * with a warning.
   */
  register(builder: Builder, options: RegisterOptions = {}): void {
    if (this.schemes.has(builder.scheme)) {
      const logger = options.logger ?? processWarnings;
      logger.warn(
        { scheme: builder.scheme },
        "scheme registered already: keeping the first; use set to replace it",
      );
      return;
    }
    this.set(builder, options);
  }

  /** Registers, or replaces what was registered. Channels that exist keep the builder they were made with. */
  set(builder: Builder, options: RegisterOptions = {}): void {
    const { color = processColor(), logger = processWarnings } = options;
    const { clock = systemClock, random = systemRandom } = options;
    registerBalancers();
    experimental.registerResolver(
      builder.scheme,
      createResolverClass(builder, { color, logger, clock, random }),
    );
    this.schemes.add(builder.scheme);
  }
}

/** The table of this process. */
export const resolver = new SchemeTable();

const ignore = () => undefined;

const processWarnings: Logger = {
  debug: ignore,
  info: ignore,
  warn: (fields, message) => process.emitWarning(`${message} ${JSON.stringify(fields)}`, "WardenWarning"),
  error: (fields, message) => process.emitWarning(`${message} ${JSON.stringify(fields)}`, "WardenWarning"),
};
