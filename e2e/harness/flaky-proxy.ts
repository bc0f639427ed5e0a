import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * What the proxy does to connections and to what they carry:
 *
 * - `pass`: nothing
 * - `refuse`: closes new connections at once
 * - `pause`: takes connections and carries nothing, until the mode changes; then it carries on
 * - `delay`: carries answers `ms` later
 * - `truncate`: carries the first `bytes` of the answers on a connection, then closes it
 * - `lie`: answers each request with `text` itself, and closes
 */
export type ProxyMode =
  | { readonly kind: "pass" }
  | { readonly kind: "refuse" }
  | { readonly kind: "pause" }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "truncate"; readonly bytes: number }
  | { readonly kind: "lie"; readonly text: string };

/** A TCP proxy that fails in the ways networks do. */
export class FlakyProxy {
  private readonly server: Server = createServer((client) => this.accept(client));
  private readonly pairs = new Set<Pair>();
  private current: ProxyMode = { kind: "pass" };
  /** Connections taken so far. */
  accepted = 0;

  /** In front of a port of 127.0.0.1. */
  constructor(private readonly targetPort: number) {}

  /** Listens on a free port of 127.0.0.1. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Counts from now on, for open connections too. */
  set mode(mode: ProxyMode) {
    this.current = mode;
    for (const pair of this.pairs) pair.update();
  }

  /** Cuts every open connection, as a pulled cable with a reset would. */
  cut(): void {
    for (const pair of [...this.pairs]) pair.close();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }

  private accept(client: Socket): void {
    this.accepted++;
    if (this.current.kind === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, this.targetPort, {
      mode: () => this.current,
      ended: () => this.pairs.delete(pair),
    });
    this.pairs.add(pair);
  }
}

/** Starts proxies for a test, and closes them after it. */
export function useFlakyProxy(): (targetPort: number) => Promise<FlakyProxy> {
  const started: FlakyProxy[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((proxy) => proxy.close()));
  });
  return (targetPort) => {
    const proxy = new FlakyProxy(targetPort);
    started.push(proxy);
    return proxy.start();
  };
}

/** One connection to the proxy, and its twin to the target. */
class Pair {
  private readonly target: Socket;
  private readonly timers = new Set<NodeJS.Timeout>();
  private answered = 0;

  constructor(
    private readonly client: Socket,
    targetPort: number,
    private readonly proxy: { mode: () => ProxyMode; ended: () => void },
  ) {
    this.target = connect(targetPort, "127.0.0.1");
    client.on("data", (chunk) => this.request(chunk));
    this.target.on("data", (chunk) => this.answer(chunk));
    for (const socket of [client, this.target]) {
      socket.on("error", () => this.close());
      socket.on("close", () => this.close());
    }
    this.update();
  }

  /** The mode has changed. */
  update(): void {
    const paused = this.proxy.mode().kind === "pause";
    for (const socket of [this.client, this.target]) {
      if (paused) socket.pause();
      else socket.resume();
    }
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    if (!this.client.destroyed) this.client.resetAndDestroy();
    this.target.destroy();
    this.proxy.ended();
  }

  private request(chunk: Buffer): void {
    const mode = this.proxy.mode();
    if (mode.kind === "lie") this.client.end(mode.text);
    else this.target.write(chunk);
  }

  private answer(chunk: Buffer): void {
    const mode = this.proxy.mode();
    if (mode.kind === "delay") {
      this.later(mode.ms, () => this.client.write(chunk));
    } else if (mode.kind === "truncate") {
      const left = mode.bytes - this.answered;
      this.answered += chunk.length;
      if (chunk.length < left) this.client.write(chunk);
      else this.client.end(chunk.subarray(0, Math.max(left, 0)));
    } else {
      this.client.write(chunk);
    }
  }

  private later(ms: number, fn: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      fn();
    }, ms);
    this.timers.add(timer);
  }
}
