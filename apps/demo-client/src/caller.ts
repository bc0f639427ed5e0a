import { DemoClient, type HelloReply } from "@discoveryd/demo-proto";
import { CodedError, codes } from "@discoveryd/protocol";
import { credentials, Metadata } from "@grpc/grpc-js";

export class Caller {
  private client: DemoClient;
  constructor(private readonly options: { target: string; timeoutMs: () => number }) {
    this.client = new DemoClient(options.target, credentials.createInsecure(), {
      "grpc.enable_http_proxy": 0,
    });
  }
  hello(name: string): Promise<HelloReply> {
    return new Promise((resolve, reject) => {
      const deadline = new Date(new Date().getTime() + this.options.timeoutMs());
      this.client.sayHello({ name }, new Metadata(), { deadline }, (error, reply) =>
        error ? reject(new CodedError(codes.unavailable, error.details)) : resolve(reply),
      );
    });
  }
  close(): void {
    this.client.close();
  }
}
