import {
  status as Status,
  type sendUnaryData,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { service } from "grpc-health-check";

export type ServingStatus = "SERVING" | "NOT_SERVING";

interface HealthRequest {
  readonly service: string;
}

interface HealthReply {
  readonly status: ServingStatus | "SERVICE_UNKNOWN";
}

type WatchCall = ServerWritableStream<HealthRequest, HealthReply>;

/**
 * The standard health service, `grpc.health.v1.Health`. The empty name stands for the whole server.
 * Unlike grpc-health-check's own implementation it ends its watches, which would otherwise hold up every shutdown.
 */
export class Health {
  private readonly statuses = new Map<string, ServingStatus>([["", "SERVING"]]);
  private readonly watches = new Set<WatchCall>();

  addToServer(server: Server): void {
    server.addService(service as ServiceDefinition, {
      check: (call: ServerUnaryCall<HealthRequest, HealthReply>, callback: sendUnaryData<HealthReply>) =>
        this.check(call.request.service, callback),
      watch: (call: WatchCall) => this.watch(call),
      list: (_call: unknown, callback: sendUnaryData<unknown>) => callback(null, { statuses: this.list() }),
    });
  }

  /** Makes a service known, or changes what is known of it. Its watchers hear of it. */
  set(serviceName: string, status: ServingStatus): void {
    this.statuses.set(serviceName, status);
    for (const watch of this.watches) {
      if (watch.request.service === serviceName) watch.write({ status });
    }
  }

  /** The whole server and each of its services. */
  setAll(status: ServingStatus): void {
    for (const serviceName of this.statuses.keys()) this.set(serviceName, status);
  }

  /** Ends all watches: their clients see UNAVAILABLE and watch another server. */
  endWatches(): void {
    for (const watch of this.watches) {
      watch.emit("error", { code: Status.UNAVAILABLE, details: "the server is closing" });
    }
    this.watches.clear();
  }

  private check(serviceName: string, callback: sendUnaryData<HealthReply>): void {
    const status = this.statuses.get(serviceName);
    if (status) callback(null, { status });
    else
      callback({
        code: Status.NOT_FOUND,
        details: `service ${JSON.stringify(serviceName)} is not served here`,
      });
  }

  private watch(call: WatchCall): void {
    this.watches.add(call);
    call.on("cancelled", () => this.watches.delete(call));
    call.write({ status: this.statuses.get(call.request.service) ?? "SERVICE_UNKNOWN" });
  }

  private list(): Record<string, HealthReply> {
    return Object.fromEntries([...this.statuses].map(([name, status]) => [name, { status }]));
  }
}
