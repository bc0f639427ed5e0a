import { constants, gzipSync } from "node:zlib";

/** What fits into one packet gains nothing. */
const LEAST_BYTES = 1_400;

/** Bytes that many are sent. They never change. */
export class SharedBytes {
  private compressed: Buffer | undefined;

  constructor(readonly bytes: Buffer) {}

  /**
   * The same for those who take gzip, compressed once, when the first asks; the bytes themselves when they are few. At
   * the quickest level: of what instances have in common it finds nearly all.
   */
  get gzipped(): Buffer {
    if (this.bytes.length < LEAST_BYTES) return this.bytes;
    this.compressed ??= gzipSync(this.bytes, { level: constants.Z_BEST_SPEED });
    return this.compressed;
  }

  toString(): string {
    return this.bytes.toString();
  }
}
