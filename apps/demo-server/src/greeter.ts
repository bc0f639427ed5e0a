import { formatAddress, HttpFace, listenError } from "@discoveryd/demo-kit";
import { DemoService } from "@discoveryd/demo-proto";
import type { Registry } from "@discoveryd/naming-sdk";
import { WardenServer } from "@discoveryd/warden-resolver/server";
import { loadSync } from "@grpc/proto-loader";
import type { Logger } from "pino";
import { collectDefaultMetrics, Registry as MetricsRegistry } from "prom-client";
import { createDemoService } from "./demo-service";
import type { DemoServerSettings } from "./settings-table";

/** The app that the server is an instance of. */
const APPID = "demo.service";

export interface GreeterOptions {
  /** As they are now: what counts at once is asked for each time. */
  readonly settings: () => DemoServerSettings;
  /** The instance's name, which its answers carry. */
  readonly host: string;
  /** Where to register. Default: nowhere. */
  readonly registry?: Registry | undefined;
  readonly logger: Logger;
}

/** A demo server: gRPC, its registration, and an HTTP face that shows how it is. */
export class Greeter {
  private readonly grpc: WardenServer;
  private readonly http: HttpFace;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: GreeterOptions) {
    const metrics = new MetricsRegistry();
    collectDefaultMetrics({ register: metrics });
    this.grpc = createGrpcServer(options, metrics);
    this.http = new HttpFace({
      address: options.settings().http.addr,
      addressChangedBy: "http.toml addr or HTTP_ADDR",
      metrics,
      logger: options.logger,
      ailment: () => (this.closing ? "the server is closing" : undefined),
    });
  }

  /** Resolves once both addresses are listened on. Rejects with one line when one of them cannot be had. */
  async start(): Promise<{ readonly grpcPort: number; readonly httpPort: number }> {
    const { addr } = this.options.settings().grpc;
    const grpcPort = await this.grpc.start().catch((error: Error) => {
      // The same in this process' own words: which of its settings to change.
      throw listenError(addr, "grpc.toml addr or GRPC_ADDR", (error.cause ?? error) as Error);
    });
    const { port: httpPort } = await this.http.start();
    return { grpcPort, httpPort };
  }

  /** Resolves once the registry has taken the instance, however long that takes. Rejects when it refuses it. */
  async register(): Promise<void> {
    const { registry, host, logger, settings } = this.options;
    if (!registry) return;
    const { region, zone, env } = settings().application;
    const { instance } = await this.grpc.register(registry, {
      appid: APPID,
      hostname: host,
      region,
      zone,
      env,
    });
    logger.info({ appid: APPID, host, addrs: instance.addrs }, "registered");
  }

  /** Cancels the registration, drains, lets calls under way finish, closes. Never rejects. Safe to call twice. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    await this.grpc.shutdown();
    // Last, so that whoever looks can see that the server is closing.
    await this.http.close();
  }
}

function createGrpcServer(
  { settings, host, logger }: GreeterOptions,
  metrics: MetricsRegistry,
): WardenServer {
  const { addr, advertised_ip: advertisedIp, timeout, drain, grace } = settings().grpc;
  const config = {
    grpc: `tcp://${formatAddress(addr)}`,
    timeout,
    drain,
    grace,
    ...(advertisedIp !== "" && { advertisedIp }),
  };
  const reflection = loadSync(require.resolve("@discoveryd/demo-proto/demo/service/v1/demo.proto"));
  const service = createDemoService({
    servedBy: host,
    greeting: () => settings().application.greeting,
    delayMs: () => settings().application.delay,
  });
  return new WardenServer(config, { metrics, reflection, logger }).addService(DemoService, service);
}
