import type { Metadata } from "@grpc/grpc-js";
import type { CallContext } from "../interceptors/call-context";

/** The part of grpc-js' server calls that all four kinds share. */
export interface IncomingCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  on(event: "cancelled", listener: () => void): unknown;
}

/** The context of a call being served. Its signal is made when somebody asks for it: few handlers do. */
export class ServedCall implements CallContext {
  private controller: AbortController | undefined;
  private gone = false;

  constructor(
    private readonly call: IncomingCall,
    readonly deadline: number,
  ) {}

  get metadata(): Metadata {
    return this.call.metadata;
  }

  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    this.controller = new AbortController();
    if (this.gone || this.call.cancelled) this.controller.abort();
    else this.call.on("cancelled", () => this.abort());
    return this.controller.signal;
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    this.gone = true;
    this.controller?.abort();
  }
}
