import type { Clock, Logger } from "@discoveryd/runtime";
import {
  status as Status,
  type sendUnaryData,
  type ServiceDefinition,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { runInCall } from "../interceptors/call-context";
import { bugAnswer, intendedAnswer, type FailedAnswer } from "./answer";
import { ServedCall, type IncomingCall } from "./served-call";

export interface HandlerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A unary call is answered within this, in milliseconds. 0 is no bound. */
  readonly timeoutMs: number;
}

type Handler = (call: IncomingCall, callback?: sendUnaryData<unknown>) => unknown;

/**
 * The implementation with each handler made safe: it runs in its call's context and within its deadline, and one that
 * throws or rejects answers its call instead of ending the process. Methods without a handler are left out.
 */
export function guardHandlers(
  definition: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  options: HandlerOptions,
): UntypedServiceImplementation {
  const guarded: UntypedServiceImplementation = {};
  for (const [name, method] of Object.entries(definition)) {
    const handler = implementation[name] ?? (method.originalName && implementation[method.originalName]);
    if (!handler) continue;
    const bound = handler.bind(implementation) as Handler;
    const guard = method.responseStream
      ? guardStreaming(method.path, bound, options)
      : guardUnary(method.path, bound, options, method.requestStream ? 0 : options.timeoutMs);
    guarded[name] = guard as UntypedHandleCall;
  }
  return guarded;
}

/** For handlers that answer once. */
function guardUnary(method: string, handler: Handler, options: HandlerOptions, timeoutMs: number): Handler {
  return (call, callback) => {
    const callerDeadline = Number(call.getDeadline());
    const ownDeadline = timeoutMs > 0 ? options.clock.now() + timeoutMs : Infinity;
    const served = new ServedCall(call, Math.min(callerDeadline, ownDeadline));
    let answered = false;
    const answer: sendUnaryData<unknown> = (error, ...rest) => {
      if (answered) return;
      answered = true;
      cancelTimer?.();
      callback?.(error && (intendedAnswer(error) ?? error), ...rest);
    };
    // grpc-js answers for the caller's deadline. Ours needs a timer only when it comes first.
    const cancelTimer =
      ownDeadline < callerDeadline
        ? options.clock.after(timeoutMs, () => {
            served.abort();
            answer({
              code: Status.DEADLINE_EXCEEDED,
              details: `${method} took longer than the server's ${timeoutMs} ms`,
            });
          })
        : undefined;
    attempt(
      () => runInCall(served, () => handler(call, answer)),
      (error) => answer(answerFor(error, method, options.logger)),
    );
  };
}

/** For handlers that answer with a stream. */
function guardStreaming(method: string, handler: Handler, { logger }: HandlerOptions): Handler {
  return (call) => {
    const served = new ServedCall(call, Number(call.getDeadline()));
    const stream = call as IncomingCall & { emit(event: "error", answer: FailedAnswer): void };
    attempt(
      () => runInCall(served, () => handler(call)),
      (error) => stream.emit("error", answerFor(error, method, logger)),
    );
  };
}

function attempt(run: () => unknown, onFailure: (error: unknown) => void): void {
  try {
    const result = run();
    if (result instanceof Promise) result.catch(onFailure);
  } catch (error) {
    onFailure(error);
  }
}

function answerFor(error: unknown, method: string, logger: Logger): FailedAnswer {
  const intended = intendedAnswer(error);
  if (intended) return intended;
  logger.error({ method, err: error }, "handler failed");
  return bugAnswer(method);
}
