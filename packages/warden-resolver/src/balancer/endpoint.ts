/**
 * An address as gRPC sees it, with what balancing needs. It reaches the balancer by reference, so the fields that
 * grpc-js does not know survive.
 */
export interface WardenEndpoint {
  readonly addresses: { readonly host: string; readonly port: number }[];
  /** `host:port`, unique in a list. */
  readonly key: string;
  /** Its share among equals is this over the sum of weights. Above 0. */
  readonly weight: number;
  /** Empty: without color. */
  readonly color: string;
}
