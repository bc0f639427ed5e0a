// The client that ours are measured against: grpc-js with the servers' addresses written down, taking turns.
const { DemoClient } = require("@discoveryd/demo-proto");
const { credentials } = require("@grpc/grpc-js");

exports.bareDemoClient = (addresses) =>
  new DemoClient(`ipv4:${addresses}`, credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0,
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
