import { EventEmitter } from "node:events";
import {
  Metadata,
  status as Status,
  type ChannelInterface,
  type ClientUnaryCall,
  type MethodDefinition,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import type { SreBreaker } from "../breaker/sre-breaker";
import { currentCall, type CallContext, type WardenCallOptions } from "../interceptors/call-context";
import { failureStatus, messageOf } from "../interceptors/recovery";
import type { Stages, StagedState } from "../interceptors/stages";

/** What grpc-js knows of a method. */
export type UnaryMethod = MethodDefinition<unknown, unknown>;
/** What a caller is called back with: an error or a reply. */
export type UnaryCallback = (error: ServiceError | null, reply?: unknown) => void;

type ChannelCall = ReturnType<ChannelInterface["createCall"]>;

/** A unary method of a dialled client. */
export interface DialledMethod {
  readonly definition: UnaryMethod;
  readonly stages: Stages;
  readonly channel: ChannelInterface;
  /** When a call of it last failed, in milliseconds of the monotonic clock. */
  failedAt: number;
}

/** What a caller says of a call. */
export interface UnaryRequest {
  readonly message: unknown;
  /** May be used again by the caller. */
  readonly metadata: Metadata;
  /** This call's own. */
  readonly options: WardenCallOptions;
  readonly callback: UnaryCallback;
}

/**
 * Where calls of a method are made is noted for so long after one of them has failed, in milliseconds. To note it for each
 * call, as grpc-js does, costs a tenth of a call.
 */
const NOTED_MS = 60_000;

/**
 * A unary call through its stages, on grpc-js' channel: what grpc-js' own client does, its interceptors and its calls for
 * any kind of method, in one object. It is what the caller gets, what the stages work on, and what the channel tells.
 *
 * created -> start(): running -> ended
 *                     refused -> ended
 */
export class UnaryCall extends EventEmitter implements ClientUnaryCall, StagedState {
  readonly streaming = false;
  readonly context: CallContext | undefined;
  readonly options: WardenCallOptions;
  metadata: Metadata;
  timeoutMs: number | undefined = undefined;
  boundByContext = false;
  breaker: SreBreaker | undefined = undefined;
  startedAt = 0;
  endedAt = 0;
  span: unknown = undefined;
  begun = 0;
  refusal: StatusObject | undefined = undefined;
  private channelCall: ChannelCall | undefined = undefined;
  private reply: { readonly message: unknown } | undefined = undefined;
  /** Why the answer could not be read. */
  private unread: StatusObject | undefined = undefined;
  private site: { readonly stack?: string } | undefined = undefined;
  private isOver = false;

  constructor(
    private readonly dialled: DialledMethod,
    private readonly request: UnaryRequest,
  ) {
    super();
    const { metadata, options } = request;
    this.metadata = metadata;
    this.options = options;
    this.context = options.context ?? currentCall();
  }

  get method(): string {
    return this.dialled.definition.path;
  }

  /** Called once. @param madeBy the function that the caller has called. */
  start(madeBy: (...args: unknown[]) => unknown): this {
    const end = this.dialled.stages.begin(this) ?? this.startOnChannel();
    if (this.startedAt - this.dialled.failedAt < NOTED_MS) {
      Error.captureStackTrace((this.site = {}), madeBy);
    }
    // Not at once: the caller has not got its call yet, and expects no callback before that.
    if (end) process.nextTick(() => this.onReceiveStatus(end));
    return this;
  }

  refuse(code: Status, details: string): void {
    this.refusal = { code, details, metadata: new Metadata() };
  }

  cancel(): void {
    this.channelCall?.cancelWithStatus(Status.CANCELLED, "Cancelled on client");
  }

  getPeer(): string {
    return this.channelCall?.getPeer() ?? "unknown";
  }

  getAuthContext(): ReturnType<ClientUnaryCall["getAuthContext"]> {
    return this.channelCall?.getAuthContext() ?? null;
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.emit("metadata", metadata);
  }

  /** Called once: only one message is asked for. */
  onReceiveMessage(bytes: Buffer): void {
    try {
      this.reply = { message: this.dialled.definition.responseDeserialize(bytes) };
    } catch (error) {
      const details = `Response message parsing error: ${messageOf(error)}`;
      this.unread = { code: Status.INTERNAL, details, metadata: new Metadata() };
      this.channelCall?.cancelWithStatus(this.unread.code, details);
    }
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.isOver) return;
    this.isOver = true;
    const seen = this.dialled.stages.end(this, this.unread ?? status);
    const { callback } = this.request;
    if (seen.code !== Status.OK) callback(this.fail(seen));
    else if (this.reply) callback(null, this.reply.message);
    else callback(this.fail({ ...seen, code: Status.UNIMPLEMENTED, details: "No message received" }));
    this.emit("status", seen);
  }

  /** Returns how the call ends when it cannot be started. */
  private startOnChannel(): StatusObject | undefined {
    const { deadline = Infinity, host, parent = null, propagate_flags, credentials } = this.options;
    try {
      const call = this.dialled.channel.createCall(this.method, deadline, host, parent, propagate_flags);
      if (credentials) call.setCredentials(credentials);
      this.channelCall = call;
      call.start(this.metadata, this);
      call.startRead();
      const bytes = this.serialize(this.request.message);
      if (bytes) call.sendMessageWithContext({}, bytes);
      call.halfClose();
      return undefined;
    } catch (error) {
      // It may have begun already.
      this.channelCall?.cancelWithStatus(Status.INTERNAL, messageOf(error));
      return failureStatus(error, this.method);
    }
  }

  private serialize(message: unknown): Buffer | undefined {
    try {
      return this.dialled.definition.requestSerialize(message);
    } catch (error) {
      const details = `Request message serialization failure: ${messageOf(error)}`;
      this.channelCall?.cancelWithStatus(Status.INTERNAL, details);
      return undefined;
    }
  }

  /** Notes that the call failed. Returns the error for its caller, as grpc-js makes it. */
  private fail(status: StatusObject): ServiceError {
    this.dialled.failedAt = this.endedAt;
    const error = new Error(`${status.code} ${Status[status.code]}: ${status.details}`);
    // The first line is that of an error.
    const site = this.site?.stack?.replace(/^.*\n/, "") ?? `    ${this.method}`;
    return Object.assign(error, status, { stack: `${error.stack}\nfor call at\n${site}` });
  }
}
