import { address, choice, duration, LOG_LEVELS, list, text, type Settings } from "@discoveryd/demo-kit";

/** Everything the client can be told. */
export const settingsTable = {
  application: {
    log_level: choice(LOG_LEVELS, "info", { env: "LOG_LEVEL", doc: "what is logged", live: true }),
    nodes: list([], { env: "DISCOVERY_NODES", doc: "the registry's nodes, as host:port" }),
    region: text("region01", { env: "REGION", doc: "the client's region" }),
    zone: text("zone01", { env: "ZONE", doc: "the client's zone: its servers are preferred" }),
    env: text("dev", { env: "DEPLOY_ENV", doc: "the environment to look in" }),
    host: text("", { env: "HOSTNAME", doc: "the client's name; empty: the machine's name" }),
    snapshot_file: text("", {
      env: "DISCOVERY_SNAPSHOT_FILE",
      doc: "where the last known servers are kept, for a start without a registry; empty: nowhere",
    }),
  },
  grpc: {
    target: text("discovery://default/demo.service", { env: "DEMO_TARGET", doc: "whom to call" }),
    timeout: duration("1s", {
      env: "GRPC_TIMEOUT",
      doc: "how long a call may take, the wait for a server included",
      live: true,
    }),
  },
  http: {
    addr: address("0.0.0.0:8001", { env: "HTTP_ADDR", doc: "where /say_hello, /healthz and /metrics are" }),
  },
};

export type DemoClientSettings = Settings<typeof settingsTable>;
