import { join } from "node:path";
import {
  loadPackageDefinition,
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type sendUnaryData,
  type ServiceDefinition,
  type ServiceError,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

export interface EchoMessage {
  readonly text: string;
}

type Reply = (error: ServiceError | null, reply?: EchoMessage) => void;

/** As ts-proto writes clients. */
export interface EchoClient extends Client {
  unary(request: EchoMessage, callback: Reply): ClientUnaryCall;
  unary(request: EchoMessage, metadata: Metadata, callback: Reply): ClientUnaryCall;
  unary(
    request: EchoMessage,
    metadata: Metadata,
    options: Partial<CallOptions>,
    callback: Reply,
  ): ClientUnaryCall;
  download(request: EchoMessage, options?: Partial<CallOptions>): ClientReadableStream<EchoMessage>;
  upload(callback: Reply): ClientWritableStream<EchoMessage>;
  chat(options?: Partial<CallOptions>): ClientDuplexStream<EchoMessage, EchoMessage>;
}

/** As ts-proto writes servers. */
export interface EchoServer extends UntypedServiceImplementation {
  unary: handleUnaryCall<EchoMessage, EchoMessage>;
  download: handleServerStreamingCall<EchoMessage, EchoMessage>;
  upload: handleClientStreamingCall<EchoMessage, EchoMessage>;
  chat: handleBidiStreamingCall<EchoMessage, EchoMessage>;
}

interface EchoClientConstructor {
  new (address: string, credentials: ChannelCredentials, options?: Partial<ClientOptions>): EchoClient;
  readonly service: ServiceDefinition;
}

/** What proto-loader makes of echo.proto. */
export const echoDefinition = loadSync(join(__dirname, "echo.proto"));

interface EchoPackage {
  readonly warden: { readonly testing: { readonly v1: { readonly Echo: EchoClientConstructor } } };
}

export const EchoClient = (loadPackageDefinition(echoDefinition) as unknown as EchoPackage).warden.testing.v1
  .Echo;

export const EchoService = EchoClient.service;

export const UNARY = "/warden.testing.v1.Echo/Unary";

/** Handlers that echo; `changes` replaces some of them. */
export function echo(changes: Partial<EchoServer> = {}): EchoServer {
  return {
    unary: (call, callback) => callback(null, { text: call.request.text }),
    download: (call) => {
      call.write({ text: call.request.text });
      call.end();
    },
    upload: (call, callback: sendUnaryData<EchoMessage>) => {
      const texts: string[] = [];
      call.on("data", ({ text }: EchoMessage) => texts.push(text));
      call.on("end", () => callback(null, { text: texts.join(" ") }));
    },
    chat: (call) => {
      call.on("data", (message: EchoMessage) => call.write(message));
      call.on("end", () => call.end());
    },
    ...changes,
  } as EchoServer;
}

/** How a call ended. */
export interface EchoOutcome {
  readonly error: ServiceError | null;
  readonly text: string | undefined;
  readonly trailers: Metadata;
}

/** Makes a unary call and waits for its end, good or bad. */
export function callUnary(
  client: EchoClient,
  text: string,
  metadata: Metadata,
  options: Partial<CallOptions> = {},
): Promise<EchoOutcome> {
  return new Promise((resolve) => {
    let outcome: Omit<EchoOutcome, "trailers">;
    const call = client.unary({ text }, metadata, options, (error, reply) => {
      outcome = { error, text: reply?.text };
    });
    call.on("status", ({ metadata: trailers }) => resolve({ ...outcome, trailers }));
  });
}
