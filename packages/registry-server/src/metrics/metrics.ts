import { Counter, Gauge, Registry as Metrics, collectDefaultMetrics } from "prom-client";
import type { Registry } from "../registry/registry";
import type { Subscriptions } from "../registry/subscriptions";
import type { SweeperState } from "../registry/sweeper";
import type { RequestCounts } from "./requests";

/** What the metrics look at when they are asked for. */
export interface Observed {
  readonly registry: Registry;
  readonly subscriptions: Subscriptions;
  readonly requests: RequestCounts;
  readonly sweeper: { readonly state: SweeperState };
  readonly connections: { readonly open: number; readonly refused: number };
  readonly schedules: { readonly broken: readonly string[] };
  readonly peers: { all(): readonly ObservedPeer[] };
}

interface ObservedPeer {
  readonly addr: string;
  readonly zone: string;
  readonly isLost: boolean;
  readonly backlog: number;
  readonly sent: { readonly requests: number; readonly operations: number };
}

interface GaugeRow {
  readonly name: string;
  readonly help: string;
  readonly value: (observed: Observed) => number;
}

/** Every single-valued metric of discoveryd: drives `/metrics` and docs/operations.md. */
export const gauges: readonly GaugeRow[] = [
  {
    name: "discoveryd_instances",
    help: "Instances registered here.",
    value: ({ registry }) => registry.size,
  },
  {
    name: "discoveryd_tombstones",
    help: "Cancelled instances remembered for 3 minutes.",
    value: ({ registry }) => registry.tombstones.size,
  },
  {
    name: "discoveryd_waiting_polls",
    help: "Long polls that hang just now.",
    value: ({ subscriptions }) => subscriptions.size,
  },
  {
    name: "discoveryd_protecting",
    help: "1 while self-preservation keeps expired instances: far fewer renewals come than should.",
    value: ({ sweeper }) => (sweeper.state.protecting ? 1 : 0),
  },
  {
    name: "discoveryd_renewals_last_minute",
    help: "Renewals of the last minute.",
    value: ({ sweeper }) => sweeper.state.renewals,
  },
  {
    name: "discoveryd_renewals_expected",
    help: "Renewals the last minute should have had: 2 for each instance that is here long enough to have renewed twice.",
    value: ({ sweeper }) => sweeper.state.expected,
  },
  {
    name: "discoveryd_expired_held",
    help: "Expired instances that stay, because of self-preservation or the most that may go in a minute.",
    value: ({ sweeper }) => sweeper.state.held,
  },
  { name: "discoveryd_connections", help: "Open connections.", value: ({ connections }) => connections.open },
];

/** Every counter of discoveryd with a single value. */
export const counters: readonly GaugeRow[] = [
  {
    name: "discoveryd_evictions_total",
    help: "Instances evicted because their lease ran out.",
    value: ({ sweeper }) => sweeper.state.evicted,
  },
  {
    name: "discoveryd_unknown_renewals_total",
    help: "Renewals of instances that are not registered here, one by one or in lists: they are to register again.",
    value: ({ registry }) => registry.unknownRenewals,
  },
  {
    name: "discoveryd_connections_refused_total",
    help: "Connections closed at once because there were too many.",
    value: ({ connections }) => connections.refused,
  },
];

/** The metrics with labels. */
export const labelled = {
  requests: {
    name: "discoveryd_requests_total",
    help: "Answers under /discovery/, by route and code. A wrong method is code 405 of its route, an unknown path code 404 of the route unknown.",
    labelNames: ["route", "code"],
  },
  brokenSchedules: {
    name: "discoveryd_broken_schedule",
    help: "1 for each zone schedule file that cannot be used; the old strategy stays in force.",
    labelNames: ["file"],
  },
} as const;

interface PeerRow {
  readonly type: "gauge" | "counter";
  readonly name: string;
  readonly help: string;
  readonly value: (peer: ObservedPeer) => number;
}

/** The metrics of each peer, with its address and zone as labels. */
export const peerMetrics: readonly PeerRow[] = [
  {
    type: "gauge",
    name: "discoveryd_peer_lost",
    help: "1 while the peer does not answer; nobody waits for it.",
    value: ({ isLost }) => (isLost ? 1 : 0),
  },
  {
    type: "gauge",
    name: "discoveryd_peer_backlog",
    help: "Operations that the peer has still to hear: at most one an instance.",
    value: ({ backlog }) => backlog,
  },
  {
    type: "counter",
    name: "discoveryd_peer_requests_total",
    help: "Requests with operations sent to the peer.",
    value: ({ sent }) => sent.requests,
  },
  {
    type: "counter",
    name: "discoveryd_peer_operations_total",
    help: "Operations in those requests: changes and heartbeats.",
    value: ({ sent }) => sent.operations,
  },
];

/** The metrics of one registry, in a registry of their own; memory, file descriptors and event loop among them. */
export function createMetrics(observed: Observed): Metrics {
  const metrics = Metrics.merge([new Metrics(), metricsOfProcess()]);
  const registers = [metrics];
  for (const { name, help, value } of gauges) {
    new Gauge({ name, help, registers, collect: collectGauge(() => value(observed)) });
  }
  for (const { name, help, value } of counters) {
    new Counter({
      name,
      help,
      registers,
      collect: collectCounter(() => [{ labels: {}, count: value(observed) }]),
    });
  }
  new Counter({
    ...labelled.requests,
    registers,
    collect: collectCounter(() =>
      [...observed.requests.all()].map(({ route, code, count }) => ({
        labels: { route, code: String(code) },
        count,
      })),
    ),
  });
  for (const { type, name, help, value } of peerMetrics) {
    const rows = () =>
      observed.peers
        .all()
        .map((peer) => ({ labels: { peer: peer.addr, zone: peer.zone }, count: value(peer) }));
    const options = { name, help, labelNames: ["peer", "zone"], registers };
    if (type === "counter") new Counter({ ...options, collect: collectCounter(rows) });
    else new Gauge({ ...options, collect: collectGauges(rows) });
  }
  new Gauge({
    ...labelled.brokenSchedules,
    registers,
    collect() {
      this.reset();
      for (const file of observed.schedules.broken) this.set({ file }, 1);
    },
  });
  return metrics;
}

let ofProcess: Metrics | undefined;

/** Memory, file descriptors, event loop. Once a process: what watches them has no end. */
function metricsOfProcess(): Metrics {
  if (!ofProcess) collectDefaultMetrics({ register: (ofProcess = new Metrics()) });
  return ofProcess as Metrics;
}

function collectGauge(value: () => number) {
  return function collect(this: Gauge): void {
    this.set(value());
  };
}

function collectGauges(rows: () => { labels: Record<string, string>; count: number }[]) {
  return function collect(this: Gauge): void {
    this.reset();
    for (const { labels, count } of rows()) this.set(labels, count);
  };
}

/** What is counted elsewhere is shown as it stands. */
function collectCounter(rows: () => { labels: Record<string, string>; count: number }[]) {
  return function collect(this: Counter): void {
    this.reset();
    for (const { labels, count } of rows()) this.inc(labels, count);
  };
}
