import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers a poll in its own way. */
export type Lie = (response: ServerResponse) => void;

/** In front of a registry: carries everything as it is, and counts the polls and lies about them when told to. */
export class LyingProxy {
  /** How polls are answered; undefined: as the registry does. */
  lie: Lie | undefined;
  /** Polls so far. */
  polls = 0;
  private readonly server: Server = createServer((incoming, response) => this.take(incoming, response));
  private readonly carried = new Set<ServerResponse>();

  constructor(private readonly targetPort: number) {}

  /** Listens on a free port of 127.0.0.1. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** `host:port`. */
  get addr(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many polls hang at the registry. */
  get hanging(): number {
    return this.carried.size;
  }

  /** Breaks the polls that hang. */
  cut(): void {
    for (const response of this.carried) response.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private take(incoming: IncomingMessage, response: ServerResponse): void {
    const isPoll = incoming.url?.startsWith("/discovery/polls") ?? false;
    if (isPoll) this.polls++;
    if (isPoll && this.lie) return this.lie(response);
    if (isPoll) this.carried.add(response);
    response.once("close", () => this.carried.delete(response));
    this.carry(incoming, response);
  }

  private carry(incoming: IncomingMessage, response: ServerResponse): void {
    const { method, url: path, headers } = incoming;
    const target = { host: "127.0.0.1", port: this.targetPort, method, path, headers };
    const outgoing = request(target, (answer) => {
      response.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(response);
    });
    // Whoever goes first takes the other along.
    outgoing.on("error", () => response.destroy());
    response.once("close", () => outgoing.destroy());
    incoming.pipe(outgoing);
  }
}

/** Starts proxies for a test, and closes them after it. */
export function useLyingProxy(): (targetPort: number) => Promise<LyingProxy> {
  const started: LyingProxy[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((proxy) => proxy.close()));
  });
  return (targetPort) => {
    const proxy = new LyingProxy(targetPort);
    started.push(proxy);
    return proxy.start();
  };
}
