import type { Server } from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { protoPath } from "grpc-health-check";

/**
 * Serves reflection (v1 and v1alpha), which lets grpcurl and the like list and call what is served: the services of
 * `definition`, as proto-loader's `loadSync` gives it, and the health service.
 */
export function addReflection(server: Server, definition: PackageDefinition): void {
  const reflected = { ...loadSync(protoPath), ...definition };
  new ReflectionService(reflected).addToServer(server);
}
