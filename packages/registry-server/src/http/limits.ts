/** The bounds of what a request may carry. Beyond one the answer is -400 and names it. */
export interface Limits {
  /** The longest appid, zone, env, host name, region, version, in bytes. */
  readonly maxNameBytes: number;
  /** The most addresses of an instance. */
  readonly maxAddrs: number;
  /** The longest address, in bytes. */
  readonly maxAddrBytes: number;
  /** The longest metadata, in bytes of JSON. */
  readonly maxMetadataBytes: number;
  /** The most app ids in one polls or fetchs. */
  readonly maxAppids: number;
  /** The most instances in one renews. */
  readonly maxRenewals: number;
  /** The longest body, in bytes. */
  readonly maxBodyBytes: number;
}
