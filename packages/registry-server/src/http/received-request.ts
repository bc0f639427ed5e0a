import { IncomingMessage } from "node:http";
import { widenGetter } from "./widen-getter";

/** Takes a body. */
export interface BodyReader {
  /** The next piece of it. Returns whether it wants more. */
  piece(bytes: Buffer): boolean;
  /** It was the last one. */
  end(): void;
}

/** What Node keeps of a request, and does not document. */
interface Internals {
  readonly _dump?: () => void;
}

const node = IncomingMessage.prototype as unknown as Internals;

/**
 * A request whose body can be had where Node's parser hands it over. Node puts it into a stream, which tells of it in later
 * turns: for a body of a hundred bytes, and for none at all, that costs as much as all that a registry does.
 */
export class ReceivedRequest extends IncomingMessage {
  private reader: BodyReader | undefined;
  /** Whether the reader has been told of the end. */
  private isAtEnd = false;

  static {
    // Node asks for it when the answer is sent: of a request that is not at its end the connection keeps hold until the
    // next one.
    widenGetter(this, "readableEnded", (it) => it.isAtEnd);
  }

  /**
   * Hands the body to `reader` as it comes. False, with nothing done, when some of it has come already, or all: it must
   * then be read from the stream.
   */
  readBody(reader: BodyReader): boolean {
    if (this.complete || this.readableLength > 0) return false;
    this.reader = reader;
    return true;
  }

  /** Node's parser calls it with each piece of the body, and with null at its end. */
  override push(piece: Buffer | null): boolean {
    const { reader } = this;
    if (!reader) return super.push(piece);
    if (piece !== null) return reader.piece(piece);
    this.isAtEnd = true;
    reader.end();
    return true;
  }

  /** Node calls it when the answer is sent, to get rid of what nobody reads. */
  _dump(): void {
    if (!this.reader) node._dump?.call(this);
  }
}
