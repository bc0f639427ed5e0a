import { Client, credentials, Metadata, type ChannelOptions, type ServiceError } from "@grpc/grpc-js";
import { echoService } from "./echo-servers";

/** A plain grpc-js client of the echo service, on connections of its own. */
export class EchoClient {
  private readonly client: Client;

  constructor(target: string, options: ChannelOptions = {}) {
    this.client = new Client(target, credentials.createInsecure(), {
      "grpc.enable_http_proxy": 0,
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 100,
      ...options,
    });
  }

  /** The address that answered. Rejects with grpc-js' error. */
  echo(headers: Readonly<Record<string, string>> = {}, deadlineMs = 5_000): Promise<string> {
    const { path, requestSerialize, responseDeserialize } = echoService.echo;
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, value?: string) =>
        error === null ? resolve(value as string) : reject(error);
      const deadline = Date.now() + deadlineMs;
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        "hello",
        metadata,
        { deadline },
        done,
      );
    });
  }

  /** How many of so many calls, one after another, each address answered. */
  async tally(calls: number, headers: Readonly<Record<string, string>> = {}): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (let i = 0; i < calls; i++) {
      const address = await this.echo(headers);
      counts.set(address, (counts.get(address) ?? 0) + 1);
    }
    return counts;
  }

  close(): void {
    this.client.close();
  }
}

/** Waits until a check holds, for at most 10 s. Checks often: what it waits for mostly takes a few milliseconds. */
export async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`never true: ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
