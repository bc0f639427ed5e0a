import type { SettingName } from "../../../settings";

/** When to change a setting: for docs/operations.md. */
export const settingAdvice: Readonly<Record<SettingName, string>> = {
  nodes:
    "In every cluster: list all nodes of the zone in each node's file, in any order. One alone needs nothing.",
  enableProtect:
    "Set it on every node of a cluster whose clients would rather keep an old list than get a short one.",
  region: "Once, for each place. It is only shown.",
  zone: "Once, for each failure domain: clients prefer their own zone.",
  host: "When two nodes would have the same name, as in containers.",
  deployEnv: "Seldom: clients find the nodes in every env.",
  zones: "With more than one zone: each node needs at least one address of every other zone.",
  addr: "In production: an address that clients and peers reach. Behind `0.0.0.0` the address of `nodes` with this port is shown to clients.",
  serverTimeoutMs: "When a proxy in between cuts requests sooner than 30 s: set it below the proxy's limit.",
  maxConnections: "When `discoveryd_connections_refused_total` moves. Raise the limit of open files with it.",
  dialMs: "When peers are far apart and connecting takes longer.",
  keepAliveMs: "When a firewall between nodes drops idle connections sooner: set it below that.",
  clientTimeoutMs: "Seldom: a peer that hangs is given up after it.",
  logStdout: "When only the file of `log.dir` is wanted.",
  logDir: "When nothing collects the standard output. The file grows until something rotates it.",
  logLevel: "`debug` to see every heartbeat and poll for a short while; `warn` to see trouble only.",
  leaseTtlMs:
    "Longer when clients stop for longer than a minute and must stay listed; never under two heartbeats of 30 s.",
  leaseCeilingMs: "Longer when an outage of the network may last longer than an hour.",
  leaseKeepShare: "Lower when whole racks die at once and must go sooner. 1 stops eviction.",
  guardThreshold: "Lower when clients renew less often than each 30 s; 0 turns self-preservation off.",
  guardMinInstances: "Higher when a small installation should rather drop its dead than keep them.",
  schedulerDir:
    "When schedules live elsewhere than the configuration file, or other `*.json` files stand beside that.",
  maxNameBytes: "Seldom.",
  maxAddrs: "When an instance listens on more addresses.",
  maxAddrBytes: "Seldom.",
  maxMetadataBytes: "Seldom: metadata is sent to every watcher with every change.",
  maxAppids: "When one client watches more apps than that. Each client's request line grows with it.",
  maxRenewals:
    "Seldom: a client with more instances sends several requests, and one that is refused renews one by one.",
  maxHeaderBytes: "Together with `limits.appids`: a poll is a GET with all app ids and timestamps.",
  maxBodyBytes: "Together with `limits.metadata`.",
};
