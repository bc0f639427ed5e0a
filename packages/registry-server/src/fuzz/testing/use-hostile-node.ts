import type { Config } from "../../settings";
import { systemClock } from "@discoveryd/runtime";
import { until } from "../../testing/until";
import { useNodes, type TestNode } from "../../testing/use-node";
import { RawConnection, requestBytes, type RawRequest, type RawResponse } from "./raw-connection";

/** A node that is maltreated, with the clock of the machine. */
export class HostileNode {
  private readonly connections = new Set<RawConnection>();

  constructor(
    private readonly node: TestNode<typeof systemClock>,
    /** What its handlers have thrown that they must not. */
    readonly bugs: readonly unknown[],
  ) {}

  get waiting(): number {
    return this.node.waiting;
  }

  /** How many connections it holds. */
  get open(): number {
    return this.node.server["http"].open;
  }

  /** How much it has read from its open connections. */
  get bytesRead(): number {
    return [...this.node.server["http"]["connections"]].reduce(
      (sum, { socket }) => sum + socket.bytesRead,
      0,
    );
  }

  async connect(): Promise<RawConnection> {
    const connection = await RawConnection.open(this.node.port);
    this.connections.add(connection);
    return connection;
  }

  /** Sends one request on a connection of its own. Undefined when it is not answered. */
  async ask(request: RawRequest): Promise<RawResponse | undefined> {
    const connection = await this.connect();
    connection.send(requestBytes(request));
    const response = await connection.next();
    this.drop(connection);
    return response;
  }

  drop(connection: RawConnection): void {
    connection.destroy();
    this.connections.delete(connection);
  }

  /** It answers, waits for nobody who has gone, and none of its handlers has failed. */
  async expectUnharmed(): Promise<void> {
    for (const connection of this.connections) this.drop(connection);
    const health = await this.ask({ method: "GET", target: "/healthz" });
    expect(health?.status).toBe(200);
    await until("the node is rid of all connections", () => this.open === 0);
    expect({ waiting: this.waiting, bugs: this.bugs }).toEqual({ waiting: 0, bugs: [] });
  }
}

/** Starts a node for a test; after it, it must be as before. */
export function useHostileNode(config: Partial<Config> = {}) {
  const startNode = useNodes();
  const nodes: HostileNode[] = [];

  return async function startHostile(): Promise<HostileNode> {
    const bugs: unknown[] = [];
    const node = await startNode({ clock: systemClock, config, onBug: (error) => bugs.push(error) });
    const hostile = new HostileNode(node, bugs);
    nodes.push(hostile);
    return hostile;
  };
}

/** The envelope of an answer under `/discovery/`, having checked that it is one. */
export function envelopeOf(response: RawResponse | undefined): {
  code: number;
  message: string;
  data?: unknown;
} {
  expect(response?.status).toBe(200);
  expect(response?.headers.get("content-type")).toBe("application/json; charset=utf-8");
  const envelope = JSON.parse(response?.body ?? "") as { code: number; message: string; data?: unknown };
  expect(typeof envelope.message).toBe("string");
  expect(response?.headers.get("kratos-status-code")).toBe(String(envelope.code));
  return envelope;
}
