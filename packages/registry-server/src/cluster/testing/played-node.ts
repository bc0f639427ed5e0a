import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. */
export interface Received {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly type: string | undefined;
  readonly body: string;
}

/** What to answer: an envelope, or anything else as text; undefined for nothing, ever. */
export type Answer = { readonly status?: number; readonly text: string } | undefined;

const NOT_FOUND: Answer = { status: 404, text: "404 page not found" };

/** The answers of a node of the original: it takes single operations, and knows no other routes of ours. */
export function goAnswer({ path }: Received): Answer {
  if (/^\/discovery\/(replicate|digests|exchange)/.test(path)) return NOT_FOUND;
  return { text: '{"code":0,"message":"0","ttl":1}' };
}

/** Plays a node on a free port of the loopback. */
export class PlayedNode {
  readonly received: Received[] = [];
  /** The most requests it held at a time. */
  mostAtOnce = 0;
  /** Only those about operations: what a node tells another. */
  get told(): Received[] {
    return this.received.filter(({ method, path }) => method === "POST" && !/digests|exchange/.test(path));
  }
  private readonly server: Server = createServer((req, res) => {
    void read(req).then(async (received) => {
      this.received.push(received);
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.held);
      const answer = await this.answer(received);
      this.held--;
      if (!answer) return;
      res.writeHead(answer.status ?? 200, { "content-type": "application/json" }).end(answer.text);
    });
  });
  private held = 0;

  constructor(public answer: (request: Received) => Answer | Promise<Answer> = goAnswer) {}

  get addr(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

/** Plays nodes for a test, and closes them after it. */
export function usePlayedNodes(): (answer?: PlayedNode["answer"]) => Promise<PlayedNode> {
  const nodes: PlayedNode[] = [];
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.close()));
  });
  return (answer) => {
    const node = new PlayedNode(answer);
    nodes.push(node);
    return node.start();
  };
}

async function read(req: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return {
    method: req.method as string,
    path: req.url as string,
    type: req.headers["content-type"],
    body: Buffer.concat(chunks).toString(),
  };
}
