// Calls demo.service in several ways from one process: node grpc-caller.cjs <host:port,…> <kind,…>. Told `{ ms }` it
// lets them take turns for so long, told `{ cycles }` so often; it answers the processor time of a call in
// microseconds, as a list by kind with one figure a turn.
const { DemoClient } = require("@discoveryd/demo-proto");
const { Direct } = require("@discoveryd/naming-sdk");
const { shuffle, systemRandom } = require("@discoveryd/runtime");
const { resolver, WardenClient } = require("@discoveryd/warden-resolver");
const { credentials, Metadata } = require("@grpc/grpc-js");
const { Registry } = require("prom-client");
const { answerParent } = require("./answer-parent.cjs");
const { bareDemoClient } = require("./bare-demo-client.cjs");

/** In one turn, all under way at once. So few that what disturbs the machine disturbs the neighbouring turns, too. */
const CALLS = 16;
const TIMEOUT_MS = 5_000;
const CALLER = "bench";

const [addresses, names] = process.argv.slice(2);
const kinds = names.split(",");
const request = { name: "Ada" };

const dials = {
  bare: () => bareDemoClient(addresses),
  "bare-again": () => bareDemoClient(addresses),
  "bare-with-deadline": () => bareDemoClient(addresses),
  p2c: () => resolved("p2c"),
  wrr: () => resolved("wrr"),
  warden: dialWarden,
};

resolver.register(new Direct());
const dialled = Promise.all(kinds.map(async (kind) => [kind, await dials[kind]()]));

answerParent(async ({ ms, cycles }) => {
  const clients = new Map(await dialled);
  const until = performance.now() + ms;
  return takeTurns(clients, cycles ? (cycle) => cycle < cycles : () => performance.now() < until);
});

/** grpc-js' own client, over our resolver and balancer. */
function resolved(balancer) {
  const target = `direct://default/${addresses}?balancer=${balancer}`;
  return new DemoClient(target, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
}

/** All that we put on top. */
function dialWarden() {
  const warden = new WardenClient({ timeout: TIMEOUT_MS }, { caller: CALLER, metrics: new Registry() });
  return warden.dial(`direct://default/${addresses}`, DemoClient);
}

/** In another order each time: what one leaves to be collected must not always fall to the same other one. */
async function takeTurns(clients, isOn) {
  const costs = Object.fromEntries(kinds.map((kind) => [kind, []]));
  for (let cycle = 0; isOn(cycle); cycle++) {
    for (const kind of shuffle(kinds, systemRandom))
      costs[kind].push(await costOfCall(kind, clients.get(kind)));
  }
  return costs;
}

async function costOfCall(kind, client) {
  const before = process.cpuUsage();
  await callAtOnce(client, kind === "bare-with-deadline" ? callWithDeadline : callPlainly);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / CALLS;
}

function callAtOnce(client, call) {
  return new Promise((resolve, reject) => {
    let left = CALLS;
    const done = (error) => {
      if (error) reject(error);
      else if (--left === 0) resolve();
    };
    for (let i = 0; i < CALLS; i++) call(client, done);
  });
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
