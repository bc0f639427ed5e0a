import { DemoClient, type HelloReply } from "@discoveryd/demo-proto";
import type { Builder } from "@discoveryd/naming-sdk";
import { codedErrorOf, resolver, WardenClient, type WardenClientConfig } from "@discoveryd/warden-resolver";
import type { Logger } from "pino";
import type { Registry } from "prom-client";

export interface CallerOptions {
  /** Whom to call: `discovery://default/demo.service`. */
  readonly target: string;
  /** What finds the target's instances: of the target's scheme. */
  readonly builder: Builder;
  /** How long a call may take, in milliseconds, the wait for an instance included. */
  readonly timeoutMs: number;
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** Calls demo.service. There need not be an instance yet: each call waits for one within its own time. */
export class Caller {
  private constructor(
    private readonly warden: WardenClient,
    private readonly demo: DemoClient,
  ) {}

  /** Resolves at once. Rejects with one line when the target is malformed, or of another scheme than the builder. */
  static async dial({ target, builder, timeoutMs, metrics, logger }: CallerOptions): Promise<Caller> {
    resolver.register(builder, { logger });
    const warden = new WardenClient(configOf(timeoutMs), { metrics });
    return new Caller(warden, await warden.dial(target, DemoClient));
  }

  /** Rejects with a CodedError: -503 when no instance answers in time. */
  hello(name: string): Promise<HelloReply> {
    return new Promise((resolve, reject) => {
      this.demo.sayHello({ name }, (error, reply) => (error ? reject(codedErrorOf(error)) : resolve(reply)));
    });
  }

  /** For the calls from now on. */
  setTimeoutMs(timeoutMs: number): void {
    this.warden.setConfig(configOf(timeoutMs));
  }

  /** Calls under way end with an error. Safe to call twice. */
  close(): void {
    this.warden.close();
  }
}

function configOf(timeoutMs: number): WardenClientConfig {
  return { timeout: timeoutMs, nonBlock: true };
}
