import { parseEnvelope } from "@discoveryd/protocol";
import { eventually, Hopeless } from "./eventually";
import { useFlakyProxy, type FlakyProxy } from "./flaky-proxy";
import { freePort } from "./free-ports";
import { ROOT, useProcesses, type RunningProcess } from "./processes";
import { useHttp, type Http } from "./use-http";

// Enough for the slowest machine to start a process; on a quick one it is a second.
const START_MS = 60_000;

const MAIN = `${ROOT}/packages/registry-server/dist/main.js`;

// Tests look at the nodes all the time.
const QUIET = { DISCOVERYD_LOG_LEVEL: "warn" };

/** An answer of a node, and how long it took. */
export interface Reply {
  readonly code: number;
  readonly text: string;
  readonly ms: number;
}

export type Fields = Readonly<Record<string, string | number | readonly (string | number)[]>>;

/** One node of the registry. */
export class ClusterNode {
  process!: RunningProcess;

  constructor(
    readonly name: string,
    readonly zone: string,
    readonly port: number,
    private readonly http: Http,
    private readonly launch: (node: ClusterNode) => RunningProcess,
  ) {}

  /** host:port. */
  get addr(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Resolves when it is ready, having taken what its peers know. */
  async start(): Promise<void> {
    this.process = this.launch(this);
    await eventually(async () => {
      if (!this.process.running) throw new Hopeless(`${this.name} has ended`);
      expect((await this.http.get(this.port, "/readyz")).status).toBe(200);
    }, START_MS);
  }

  /** A call that changes something. */
  async post(call: string, fields: Fields): Promise<Reply> {
    const startedAt = performance.now();
    const { text } = await this.http.post(this.port, `/discovery/${call}`, encode(fields));
    return { code: parseEnvelope(text).code, text, ms: performance.now() - startedAt };
  }

  async get(call: string, fields: Fields = {}): Promise<Reply> {
    const startedAt = performance.now();
    const { text } = await this.http.get(this.port, `/discovery/${call}?${encode(fields)}`);
    return { code: parseEnvelope(text).code, text, ms: performance.now() - startedAt };
  }

  /** Everything that it holds, but for when it last heard of it: one line an instance. */
  async held(): Promise<string[]> {
    const { text } = await this.get("fetch/all");
    return [...text.matchAll(/\{"region":.*?"latest_timestamp":\d+\}/g)]
      .map(([instance]) => instance.replace(/"renew_timestamp":\d+,/, ""))
      .sort();
  }

  /** The host names of an app that it holds. */
  async hostnames(appid: string): Promise<string[]> {
    const held = await this.held();
    return held
      .filter((line) => line.includes(`"appid":"${appid}"`))
      .map((line) => /"hostname":"([^"]*)"/.exec(line)?.[1] as string)
      .sort();
  }

  /** A single-valued metric, or the sum over its labels. */
  async metric(name: string): Promise<number> {
    const { text } = await this.http.get(this.port, "/metrics");
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, "gm"))];
    if (values.length === 0) throw new Error(`no metric ${name}`);
    return values.reduce((sum, [, value]) => sum + Number(value), 0);
  }
}

/** Nodes of the registry that know each other. */
export class TestCluster {
  constructor(
    readonly nodes: readonly ClusterNode[],
    private readonly wires: ReadonlyMap<string, FlakyProxy>,
  ) {}

  /** As clients are told of them. */
  get addrs(): string {
    return this.nodes.map(({ addr }) => addr).join(",");
  }

  /** Cuts the ways between these nodes and the others: nothing passes, and nobody is told. */
  partition(side: readonly ClusterNode[]): void {
    const names = new Set(side.map(({ name }) => name));
    for (const [ends, wire] of this.wires) {
      const [from, to] = ends.split(" ") as [string, string];
      if (names.has(from) !== names.has(to)) wire.mode = { kind: "pause" };
    }
  }

  /** What was under way arrives, and everything after it. */
  heal(): void {
    for (const wire of this.wires.values()) wire.mode = { kind: "pass" };
  }

  /** Resolves once no node takes another for lost: those that started first have found nobody. */
  connected(withinMs: number): Promise<void> {
    return eventually(async () => {
      for (const node of this.nodes) expect(await node.metric("discoveryd_peer_lost")).toBe(0);
    }, withinMs);
  }

  /** Resolves with what all nodes hold, once that is the same. */
  equal(withinMs: number, nodes: readonly ClusterNode[] = this.nodes): Promise<string[]> {
    return eventually(async () => {
      const [first, ...others] = (await Promise.all(nodes.map((node) => node.held()))) as [
        string[],
        ...string[][],
      ];
      for (const other of others) expect(other).toEqual(first);
      return first;
    }, withinMs);
  }
}

export interface ClusterOptions {
  /** The zone of each node, which are named a, b, c, …. Default: three nodes in one zone. */
  readonly zones?: readonly string[];
  /** Whether the ways between them can be cut. Default false. */
  readonly wired?: boolean;
  /** What every node gets beside its addresses. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Clusters for the tests of a file; all their processes end with the test. */
export function useCluster(): (options?: ClusterOptions) => Promise<TestCluster> {
  const processes = useProcesses();
  const http = useHttp();
  const startProxy = useFlakyProxy();

  return async ({ zones = ["z1", "z1", "z1"], wired = false, env = {} } = {}) => {
    const wires = new Map<string, FlakyProxy>();
    const nodes: ClusterNode[] = [];
    const launch = (node: ClusterNode) =>
      processes.start({
        name: node.name,
        command: [process.execPath, ...(wired ? ["--require", `${__dirname}/reroute.js`] : []), MAIN],
        env: { ...addresses(node, nodes), REROUTE: routesOf(node, nodes, wires), ...QUIET, ...env },
      });
    for (const [i, zone] of zones.entries()) {
      const name = String.fromCharCode("a".charCodeAt(0) + i);
      nodes.push(new ClusterNode(name, zone, await freePort(), http, launch));
    }
    for (const from of wired ? nodes : []) {
      for (const to of nodes)
        if (to !== from) wires.set(`${from.name} ${to.name}`, await startProxy(to.port));
    }
    await Promise.all(nodes.map((node) => node.start()));
    const cluster = new TestCluster(nodes, wires);
    await cluster.connected(START_MS);
    await cluster.equal(START_MS);
    return cluster;
  };
}

function addresses(node: ClusterNode, nodes: readonly ClusterNode[]): NodeJS.ProcessEnv {
  const of = (zone: string) =>
    nodes
      .filter((other) => other.zone === zone)
      .map(({ addr }) => addr)
      .join(",");
  const others = [...new Set(nodes.map(({ zone }) => zone))].filter((zone) => zone !== node.zone);
  return {
    HOSTNAME: node.name,
    ZONE: node.zone,
    DISCOVERYD_HTTPSERVER_ADDR: node.addr,
    DISCOVERY_NODES: of(node.zone),
    ...(others.length > 0 && {
      DISCOVERYD_ZONES: others.map((zone) => `${zone}=${of(zone)}`).join(";"),
    }),
  };
}

function routesOf(
  { name }: ClusterNode,
  nodes: readonly ClusterNode[],
  wires: ReadonlyMap<string, FlakyProxy>,
): string {
  return nodes
    .flatMap((to) => {
      const wire = wires.get(`${name} ${to.name}`);
      return wire ? [`${to.port}=${wire.port}`] : [];
    })
    .join(",");
}

function encode(fields: Fields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((item): [string, string] => [name, String(item)]),
  );
  return new URLSearchParams(pairs).toString();
}
