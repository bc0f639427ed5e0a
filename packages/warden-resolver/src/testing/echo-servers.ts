import { createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";
import { Metadata, type ServiceDefinition } from "@grpc/grpc-js";

/** A service of one method that takes and gives text, without generated code. */
export const echoService = {
  echo: {
    path: "/test.Echo/Echo",
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: (bytes: Buffer) => bytes.toString(),
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: (bytes: Buffer) => bytes.toString(),
  },
} satisfies ServiceDefinition;

type Handler = (call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) => void;

/** A real server on loopback that answers each call with its own address. */
export interface EchoServer {
  readonly address: string;
  /** Calls that reached it. */
  calls: number;
  /** Connections opened to it so far. */
  connections: number;
  /** Connections to it now. */
  open: number;
  /** Answers instead of the default. */
  handler: Handler;
  /** Ends at once, cutting connections. */
  kill(): void;
}

/** Starts servers; `close` ends all of them. */
export class EchoServers {
  private readonly all: EchoServer[] = [];
  private readonly silent: NetServer[] = [];
  private readonly sockets: Socket[] = [];

  /** @param address where to listen. Default: any free port. */
  async start(address = "127.0.0.1:0"): Promise<EchoServer> {
    const server = new Server();
    const port = await new Promise<number>((resolve, reject) => {
      server.addService(echoService, {
        echo: (call: ServerUnaryCall<string, string>, callback: sendUnaryData<string>) => {
          echo.calls++;
          echo.handler(call, callback);
        },
      });
      server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const own = `127.0.0.1:${port}`;
    const echo: EchoServer = {
      address: own,
      calls: 0,
      connections: 0,
      open: 0,
      handler: (_call, callback) => callback(null, own),
      kill: () => server.forceShutdown(),
    };
    countConnections(server, echo);
    this.all.push(echo);
    return echo;
  }

  startMany(count: number): Promise<EchoServer[]> {
    return Promise.all(Array.from({ length: count }, () => this.start()));
  }

  /** Accepts connections and never says a word: connecting to it does not end. Gives its address. */
  async startSilent(): Promise<string> {
    const server = createServer((socket) => this.sockets.push(socket));
    this.silent.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const server of this.all) server.kill();
    for (const server of this.silent) server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** An answer with this status. */
export function failWith(code: number, details = "no"): Handler {
  return (_call, callback) => callback({ code, details, metadata: new Metadata() } as ServiceError, null);
}

interface HttpServer {
  on(event: "session", listener: (session: { on(event: "close", listener: () => void): void }) => void): void;
}

// grpc-js counts its sessions only for channelz, which is asynchronous and sums them up.
function countConnections(server: Server, echo: EchoServer): void {
  const { http2Servers } = server as unknown as { http2Servers: Map<HttpServer, unknown> };
  for (const http of http2Servers.keys()) {
    http.on("session", (session) => {
      echo.connections++;
      echo.open++;
      session.on("close", () => echo.open--);
    });
  }
}
