import {
  InterceptingCall,
  Metadata,
  type Interceptor,
  type InterceptorOptions,
  type status as Status,
  type StatusObject,
} from "@grpc/grpc-js";
import type { SreBreaker } from "../breaker/sre-breaker";
import { currentCall, type CallContext, type WardenCallOptions } from "./call-context";
import { failureStatus } from "./recovery";
import type { Stages, StagedState } from "./stages";

type NextCall = Parameters<Interceptor>[1];
type InnerCall = ReturnType<NextCall>;
type PartialListener = Parameters<InnerCall["start"]>[1];
type Listener = Required<NonNullable<PartialListener>>;
type Options = InterceptorOptions & Pick<WardenCallOptions, "context">;

/** The stages as one grpc-js interceptor. */
export function createInterceptor(stages: Stages): Interceptor {
  return (options, nextCall) => new StagedCall(stages, options, nextCall);
}

/**
 * A call that begins its stages when it starts, and only then makes the call below: a refused call never has one.
 * It is the listener of that call, too, as objects by the call are what an interceptor costs.
 *
 * created -> start(): running -> ended
 *                     refused -> ended
 */
class StagedCall extends InterceptingCall implements StagedState, Listener {
  readonly context: CallContext | undefined;
  metadata: Metadata = noMetadata;
  timeoutMs: number | undefined = undefined;
  boundByContext = false;
  breaker: SreBreaker | undefined = undefined;
  startedAt = 0;
  endedAt = 0;
  span: unknown = undefined;
  begun = 0;
  refusal: StatusObject | undefined = undefined;
  private inner: InnerCall | undefined = undefined;
  private listener: Partial<Listener> | undefined = undefined;

  constructor(
    private readonly stages: Stages,
    readonly options: Options,
    private readonly createInner: NextCall,
  ) {
    super(noCall);
    this.context = options.context ?? currentCall();
  }

  get method(): string {
    return this.options.method_definition.path;
  }

  get streaming(): boolean {
    const { requestStream, responseStream } = this.options.method_definition;
    return requestStream || responseStream;
  }

  refuse(code: Status, details: string): void {
    this.refusal = { code, details, metadata: new Metadata() };
  }

  override start(metadata: Metadata, listener: PartialListener): void {
    this.metadata = metadata;
    this.listener = listener;
    const end = this.stages.begin(this) ?? this.startInner();
    if (end) this.endSoon(end);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.listener?.onReceiveMetadata?.(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.listener?.onReceiveMessage?.(message);
  }

  onReceiveStatus(status: StatusObject): void {
    this.listener?.onReceiveStatus?.(this.stages.end(this, status));
  }

  override cancelWithStatus(...args: Parameters<InterceptingCall["cancelWithStatus"]>): void {
    this.inner?.cancelWithStatus(...args);
  }

  override getPeer(): string {
    return this.inner?.getPeer() ?? "unknown";
  }

  override sendMessageWithContext(...args: Parameters<InterceptingCall["sendMessageWithContext"]>): void {
    this.inner?.sendMessageWithContext(...args);
  }

  override sendMessage(message: unknown): void {
    this.inner?.sendMessage(message);
  }

  override startRead(): void {
    this.inner?.startRead();
  }

  override halfClose(): void {
    this.inner?.halfClose();
  }

  override getAuthContext(): ReturnType<InterceptingCall["getAuthContext"]> {
    return this.inner?.getAuthContext() ?? null;
  }

  /** Returns how the call ends when it cannot be started. */
  private startInner(): StatusObject | undefined {
    try {
      const inner = this.createInner(this.options);
      inner.start(this.metadata, this);
      this.inner = inner;
      return undefined;
    } catch (error) {
      return failureStatus(error, this.method);
    }
  }

  // Not at once: the caller has not got its call yet, and expects no callback before that.
  private endSoon(status: StatusObject): void {
    process.nextTick(() => this.onReceiveStatus(status));
  }
}

const noMetadata = new Metadata();

// What grpc-js' class is given in place of a call below. Every method that would use it is replaced.
const noCall = {} as InnerCall;
