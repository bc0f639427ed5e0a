// Calls demo.service: node grpc-caller.cjs <kind> <host:port,…>. Told `{ ms }` it calls for so long, told `{ calls }` so
// often; it answers how many calls were answered.
const { DemoClient } = require("@discoveryd/demo-proto");
const { Direct } = require("@discoveryd/naming-sdk");
const { resolver, WardenClient } = require("@discoveryd/warden-resolver");
const { credentials, Metadata } = require("@grpc/grpc-js");
const { Registry } = require("prom-client");
const { answerParent } = require("./answer-parent.cjs");
const { bareDemoClient } = require("./bare-demo-client.cjs");

/** Calls under way at once. */
const CONCURRENCY = 16;
const TIMEOUT_MS = 5_000;
const CALLER = "bench";

const [kind, addresses] = process.argv.slice(2);
const request = { name: "Ada" };

const dials = {
  bare: () => bareDemoClient(addresses),
  "bare-with-deadline": () => bareDemoClient(addresses),
  p2c: () => resolved("p2c"),
  wrr: () => resolved("wrr"),
  warden: dialled,
};

const call = kind === "bare-with-deadline" ? callWithDeadline : callPlainly;
const client = Promise.resolve().then(() => dials[kind]());

answerParent(async ({ ms, calls }) => {
  const until = performance.now() + ms;
  return callWhile(await client, calls ? (count) => count < calls : () => performance.now() < until);
});

/** grpc-js' own client, over our resolver and balancer. */
function resolved(balancer) {
  resolver.register(new Direct());
  const target = `direct://default/${addresses}?balancer=${balancer}`;
  return new DemoClient(target, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
}

/** All that we put on top. */
function dialled() {
  resolver.register(new Direct());
  const warden = new WardenClient({ timeout: TIMEOUT_MS }, { caller: CALLER, metrics: new Registry() });
  return warden.dial(`direct://default/${addresses}`, DemoClient);
}

function callPlainly(client, done) {
  client.sayHello(request, done);
}

/** Sends what our stack sends. */
function callWithDeadline(client, done) {
  const metadata = new Metadata();
  metadata.set("caller", CALLER);
  client.sayHello(request, metadata, { deadline: Date.now() + TIMEOUT_MS }, done);
}

function callWhile(client, isOn) {
  let calls = 0;
  let lanes = CONCURRENCY;
  return new Promise((resolve, reject) => {
    const done = (error) => {
      if (error) return reject(error);
      calls++;
      if (isOn(calls)) call(client, done);
      else if (--lanes === 0) resolve(calls);
    };
    for (let i = 0; i < CONCURRENCY; i++) call(client, done);
  });
}
