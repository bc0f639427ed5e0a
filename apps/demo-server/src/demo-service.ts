import type { DemoServer, HelloReply, HelloRequest } from "@discoveryd/demo-proto";
import { systemClock, type Clock } from "@discoveryd/runtime";
import type { handleUnaryCall } from "@grpc/grpc-js";

export interface DemoServiceOptions {
  /** What answers say served them: the host name of the registration. */
  readonly servedBy: string;
  /** The first word of the next answer. */
  readonly greeting: () => string;
  /** How long the next answer takes to make, in milliseconds. Default 0: it is given at once. */
  readonly delayMs?: () => number;
  readonly clock?: Clock;
}

/** demo.service.v1.Demo: says hello, and says who said it. */
export function createDemoService({
  servedBy,
  greeting,
  delayMs = () => 0,
  clock = systemClock,
}: DemoServiceOptions): DemoServer {
  const sayHello: handleUnaryCall<HelloRequest, HelloReply> = ({ request }, answer) => {
    const say = () => answer(null, { content: `${greeting()} ${request.name || "world"}`, servedBy });
    const ms = delayMs();
    if (ms > 0) clock.after(ms, say);
    else say();
  };
  return {
    sayHello,
    sayHelloUrl: sayHello,
    ping: (_call, answer) => answer(null, { servedBy }),
  };
}
