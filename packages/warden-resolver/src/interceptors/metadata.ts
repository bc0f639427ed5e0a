import type { Metadata } from "@grpc/grpc-js";
import type { Stage } from "./outgoing-call";

/** What goes on from the call being served to the calls made for it: where it came from, its color, its trace. */
const handedOn = [
  "color",
  "remote_ip",
  "traceparent",
  "tracestate",
  "baggage",
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
  "x-request-id",
  "grpc-trace-bin",
];

export interface MetadataOptions {
  /** Who calls, for the `caller` header. Undefined: not said. */
  readonly caller?: string | undefined;
  /** The color of calls that have none. Undefined or empty: none. */
  readonly color?: string | undefined;
}

/**
 * Adds to each call who makes it (`caller`), and hands on what came with the call being served. What the caller has
 * set itself stays.
 */
export function createMetadataStage({ caller, color }: MetadataOptions): Stage {
  return {
    begin: (call) => {
      const served = call.context?.metadata;
      if (!caller && !color && !served) return;
      call.metadata = call.metadata.clone();
      if (caller) setMissing(call.metadata, "caller", [caller]);
      if (served) for (const key of handedOn) setMissing(call.metadata, key, served.get(key));
      if (color) setMissing(call.metadata, "color", [color]);
    },
  };
}

function setMissing(metadata: Metadata, key: string, values: readonly (string | Buffer)[]): void {
  const [value] = values;
  if (value !== undefined && metadata.get(key).length === 0) metadata.set(key, value);
}
