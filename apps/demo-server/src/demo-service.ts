import type { DemoServer, HelloReply, HelloRequest } from "@discoveryd/demo-proto";
import type { handleUnaryCall } from "@grpc/grpc-js";

export interface DemoServiceOptions {
  /** What answers say served them: the host name of the registration. */
  readonly servedBy: string;
  /** The first word of the next answer. */
  readonly greeting: () => string;
}

/** demo.service.v1.Demo: says hello, and says who said it. */
export function createDemoService({ servedBy, greeting }: DemoServiceOptions): DemoServer {
  const sayHello: handleUnaryCall<HelloRequest, HelloReply> = ({ request }, answer) => {
    answer(null, { content: `${greeting()} ${request.name || "world"}`, servedBy });
  };
  return {
    sayHello,
    sayHelloUrl: sayHello,
    ping: (_call, answer) => answer(null, { servedBy }),
  };
}
