import { address, choice, duration, flag, LOG_LEVELS, list, text, type Settings } from "@discoveryd/demo-kit";

/** Everything the server can be told. */
export const settingsTable = {
  application: {
    greeting: text("hello", { env: "DEMO_GREETING", doc: "the first word of each answer", live: true }),
    delay: duration("0ms", { env: "DEMO_DELAY", doc: "an answer takes so long to make", live: true }),
    log_level: choice(LOG_LEVELS, "info", { env: "LOG_LEVEL", doc: "what is logged", live: true }),
    register: flag(true, {
      env: "DEMO_REGISTER",
      doc: "whether to register; false serves without a registry",
    }),
    nodes: list([], { env: "DISCOVERY_NODES", doc: "the registry's nodes, as host:port" }),
    region: text("region01", { env: "REGION", doc: "the region to register in" }),
    zone: text("zone01", { env: "ZONE", doc: "the zone to register in" }),
    env: text("dev", { env: "DEPLOY_ENV", doc: "the environment to register in" }),
    host: text("", { env: "HOSTNAME", doc: "the instance's name; empty: the machine's name" }),
    renew_interval: duration("30s", {
      env: "DISCOVERY_RENEW_INTERVAL",
      doc: "how often the registration is renewed: a third of the registry's lease",
    }),
  },
  grpc: {
    addr: address("0.0.0.0:9000", { env: "GRPC_ADDR", doc: "where gRPC listens" }),
    advertised_ip: text("", {
      env: "GRPC_ADVERTISED_IP",
      doc: "the IP to register; empty: the one listened on, or the machine's",
    }),
    timeout: duration("1s", { env: "GRPC_TIMEOUT", doc: "a call is answered within this" }),
    drain: duration("2s", { env: "GRPC_DRAIN", doc: "serving goes on so long after the cancel" }),
    grace: duration("20s", { env: "GRPC_GRACE", doc: "calls under way at the end may take so long" }),
  },
  http: {
    addr: address("0.0.0.0:8000", { env: "HTTP_ADDR", doc: "where /healthz and /metrics are" }),
  },
};

export type DemoServerSettings = Settings<typeof settingsTable>;
