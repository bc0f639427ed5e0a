import assert from "node:assert/strict";
import { test } from "node:test";
import { HELP, readClusterPlan } from "./cluster-plan.mjs";
import { PlanError } from "./plan.mjs";

function environments(plan, step) {
  return plan.steps[step].processes.map(({ env }) => env);
}

test("three nodes come first, two in one zone and one in another; then servers in both, then the client", () => {
  const plan = readClusterPlan([], {});
  assert.deepEqual(
    plan.steps.map(({ processes }) => processes.map(({ name, env }) => `${name} ${env.ZONE}`)),
    [
      ["registry-1 z1", "registry-2 z1", "registry-3 z2"],
      ["demo-server-1 z1", "demo-server-2 z2"],
      ["demo-client z1"],
    ],
  );
});

test("each node knows the nodes of its zone and of the other", () => {
  assert.deepEqual(
    environments(readClusterPlan([], {}), 0).map((env) => [
      env.DISCOVERYD_HTTPSERVER_ADDR,
      env.DISCOVERY_NODES,
      env.DISCOVERYD_ZONES,
    ]),
    [
      ["127.0.0.1:7171", "127.0.0.1:7171,127.0.0.1:7172", "z2=127.0.0.1:7173"],
      ["127.0.0.1:7172", "127.0.0.1:7171,127.0.0.1:7172", "z2=127.0.0.1:7173"],
      ["127.0.0.1:7173", "127.0.0.1:7173", "z1=127.0.0.1:7171,127.0.0.1:7172"],
    ],
  );
});

test("servers and client know the nodes of their zone", () => {
  const plan = readClusterPlan([], {});
  const known = [...environments(plan, 1), ...environments(plan, 2)].map((env) => env.DISCOVERY_NODES);
  assert.deepEqual(known, [
    "127.0.0.1:7171,127.0.0.1:7172",
    "127.0.0.1:7173",
    "127.0.0.1:7171,127.0.0.1:7172",
  ]);
});

test("behind all addresses the nodes are called on the loopback", () => {
  const [env] = environments(readClusterPlan([], { DEMO_HOST: "0.0.0.0", REGISTRY_PORT: "100" }), 0);
  assert.equal(env.DISCOVERYD_HTTPSERVER_ADDR, "0.0.0.0:100");
  assert.equal(env.DISCOVERY_NODES, "127.0.0.1:100,127.0.0.1:101");
});

test("every port is looked at before anything starts", () => {
  assert.deepEqual(
    readClusterPlan([], {}).ports.map(({ port }) => port),
    [7171, 7172, 7173, 9000, 8000, 9001, 8002, 8001],
  );
});

test("a node is ready when it knows all", () => {
  const [{ checks }] = readClusterPlan([], {}).steps;
  const text = '"hostname":"registry-1" "hostname":"registry-2"';
  assert.equal(checks.length, 3);
  assert.equal(checks[0].holds({ text }), false);
  assert.equal(checks[0].holds({ text: `${text} "hostname":"registry-3"` }), true);
});

test("the number of servers is as one wants", () => {
  const zones = environments(readClusterPlan(["--servers", "3"], {}), 1).map(({ ZONE }) => ZONE);
  assert.deepEqual(zones, ["z1", "z2", "z1"]);
});

test("the last lines say what to open and which nodes there are", () => {
  assert.match(
    readClusterPlan([], {}).ready,
    /^ready: open .*\nnodes: 127\.0\.0\.1:7171 \(z1\), 127\.0\.0\.1:7172 \(z1\), 127\.0\.0\.1:7173 \(z2\)$/,
  );
});

test("a port that two would take, and a direct target, are one line", () => {
  assert.throws(() => readClusterPlan([], { DEMO_CLIENT_PORT: "7173" }), PlanError);
  assert.throws(
    () => readClusterPlan([], { DEMO_TARGET: "direct://default/127.0.0.1:9000" }),
    new PlanError("DEMO_TARGET is direct: a cluster is for discovery:// targets"),
  );
});

test("the help is that of yarn dev, but for what differs", () => {
  assert.match(HELP, /^yarn dev:cluster: builds, then runs three registry nodes/);
  assert.match(HELP, /usage: yarn dev:cluster \[--servers <n>\]/);
  assert.match(HELP, /DEMO_SERVERS +as --servers \(2\)/);
  assert.match(HELP, /REGISTRY_PORT +the first node's port/);
  assert.ok(readClusterPlan(["--help"], {}).help);
});
