import {
  InterceptingCall,
  type CallOptions,
  type Interceptor,
  type InterceptorOptions,
  type Metadata,
  type StatusObject,
} from "@grpc/grpc-js";
import { currentCall, type CallContext } from "./call-context";
import { OutgoingCall, type Ending, type Stage } from "./outgoing-call";
import { failureStatus } from "./recovery";

/** Call options, with one that our interceptors understand. */
export interface WardenCallOptions extends CallOptions {
  /**
   * The call being served, for which this one is made: its deadline bounds this call, its color and trace headers
   * go along. Default: the one WardenServer's handler runs in.
   */
  context?: CallContext;
}

type NextCall = Parameters<Interceptor>[1];
type InnerCall = ReturnType<NextCall>;
type InterceptingListener = Parameters<InnerCall["start"]>[1];
type Listener = Required<NonNullable<InterceptingListener>>;

/** The stages as one grpc-js interceptor. */
export function createInterceptor(stages: readonly Stage[]): Interceptor {
  return (options, nextCall) => new StagedCall(stages, options, nextCall);
}

/**
 * A call that runs its stages when it starts, and only then makes the call below: a refused call never has one.
 *
 * created -> start(): refused -> ended
 *                     running -> ended
 */
class StagedCall extends InterceptingCall {
  private inner: InnerCall | undefined;

  constructor(
    private readonly stages: readonly Stage[],
    private readonly options: InterceptorOptions & { readonly context?: CallContext },
    private readonly createInner: NextCall,
  ) {
    super(noCall);
  }

  override start(metadata: Metadata, listener: InterceptingListener): void {
    const { method_definition: method, context = currentCall() } = this.options;
    const streaming = method.requestStream || method.responseStream;
    const call = new OutgoingCall(method.path, streaming, this.options, metadata, context);
    const endings: Ending[] = [];
    try {
      for (const stage of this.stages) {
        const ending = stage(call);
        if (call.refusal) return endSoon(call.refusal, endings, listener);
        if (ending) endings.push(ending);
      }
      this.inner = this.createInner(call.options);
      this.inner.start(call.metadata, new EndingListener(endings, listener as Listener));
    } catch (error) {
      this.inner = undefined;
      endSoon(failureStatus(error, method.path), endings, listener);
    }
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
}

/** Passes everything on, and the status through the endings. */
class EndingListener implements Listener {
  constructor(
    private readonly endings: readonly Ending[],
    private readonly listener: Listener,
  ) {}

  onReceiveMetadata(metadata: Metadata): void {
    this.listener.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.listener.onReceiveMessage(message);
  }

  onReceiveStatus(status: StatusObject): void {
    this.listener.onReceiveStatus(endAll(this.endings, status));
  }
}

function endAll(endings: readonly Ending[], status: StatusObject): StatusObject {
  let result = status;
  for (let i = endings.length - 1; i >= 0; i--) result = (endings[i] as Ending)(result);
  return result;
}

// Not at once: the caller has not got its call yet, and expects no callback before that.
function endSoon(status: StatusObject, endings: readonly Ending[], listener: InterceptingListener): void {
  process.nextTick(() => listener?.onReceiveStatus?.(endAll(endings, status)));
}

// What grpc-js' class is given in place of a call below. Every method that would use it is replaced.
const noCall: InnerCall = {
  cancelWithStatus: () => undefined,
  getPeer: () => "unknown",
  start: () => undefined,
  sendMessageWithContext: () => undefined,
  sendMessage: () => undefined,
  startRead: () => undefined,
  halfClose: () => undefined,
  getAuthContext: () => null,
};
