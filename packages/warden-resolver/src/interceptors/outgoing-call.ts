import type { InterceptorOptions, Metadata, status as Status, StatusObject } from "@grpc/grpc-js";
import { Metadata as NoMetadata } from "@grpc/grpc-js";
import type { CallContext } from "./call-context";

/** A call on its way out, as the stages see it before it starts. */
export class OutgoingCall {
  /** Set once a stage has refused the call: it then goes nowhere and ends with this. */
  refusal: StatusObject | undefined;

  constructor(
    /** `/package.Service/Method`. */
    readonly method: string,
    /** Either side sends any number of messages. */
    readonly streaming: boolean,
    /** This call's own; stages may change it. */
    readonly options: InterceptorOptions,
    /** May be the caller's, who may use it again: a stage that changes it replaces it with a copy. */
    public metadata: Metadata,
    /** The call being served, for which this one is made. */
    readonly context: CallContext | undefined,
  ) {}

  /** Ends the call before it starts. */
  refuse(code: Status, details: string): void {
    this.refusal = { code, details, metadata: new NoMetadata() };
  }
}

/** What a stage does when the call ends: returns the status that the caller sees. Runs once for each call. */
export type Ending = (status: StatusObject) => StatusObject;

/**
 * One concern of an outgoing call. Called before it starts; may change or refuse the call, and return what to do at
 * its end. Stages run in order before the call, and in the opposite order at its end. All of them share one grpc-js
 * interceptor: each interceptor of its own would cost another set of wrappers a call.
 */
export type Stage = (call: OutgoingCall) => Ending | undefined;
