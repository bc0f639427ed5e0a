import assert from "node:assert/strict";
import { test } from "node:test";
import { PlanError, readPlan } from "./plan.mjs";

/** The plan's ports by the process they are for. */
function portsOf(plan) {
  return plan.ports.map(({ what, port }) => [what, port]);
}

function processesOf(plan) {
  return plan.steps.map(({ processes }) => processes.map(({ name }) => name));
}

test("without anything it is one registry, one server and one client, in this order", () => {
  const plan = readPlan([], {});
  assert.deepEqual(processesOf(plan), [["registry"], ["demo-server-1"], ["demo-client"]]);
  assert.deepEqual(portsOf(plan), [
    ["the registry", 7171],
    ["demo-server-1's gRPC", 9000],
    ["demo-server-1's HTTP", 8000],
    ["the client", 8001],
  ]);
});

test("several servers have ports one after another, and leave out the client's", () => {
  const plan = readPlan(["--servers", "3"], {});
  const servers = portsOf(plan).filter(([what]) => what.startsWith("demo-server"));
  assert.deepEqual(
    servers.map(([, port]) => port),
    [9000, 8000, 9001, 8002, 9002, 8003],
  );
});

test("each server has its own name", () => {
  const [, servers] = readPlan([], { DEMO_SERVERS: "2" }).steps;
  assert.deepEqual(
    servers.processes.map(({ env }) => env.HOSTNAME),
    ["demo-server-1", "demo-server-2"],
  );
});

test("--servers goes before DEMO_SERVERS", () => {
  assert.equal(readPlan(["--servers=2"], { DEMO_SERVERS: "3" }).steps[1].processes.length, 2);
});

test("every address is set by the environment", () => {
  const plan = readPlan([], {
    DEMO_HOST: "127.0.0.2",
    REGISTRY_PORT: "1",
    DEMO_GRPC_PORT: "2",
    DEMO_HTTP_PORT: "3",
    DEMO_CLIENT_PORT: "4",
  });
  const [[registry], [server], [client]] = plan.steps.map(({ processes }) => processes);
  assert.equal(registry.env.DISCOVERYD_HTTPSERVER_ADDR, "127.0.0.2:1");
  assert.equal(server.env.DISCOVERY_NODES, "127.0.0.2:1");
  assert.equal(server.env.GRPC_ADDR, "127.0.0.2:2");
  assert.equal(server.env.HTTP_ADDR, "127.0.0.2:3");
  assert.equal(client.env.HTTP_ADDR, "127.0.0.2:4");
});

test("who listens on all addresses is called on the loopback", () => {
  const [{ processes, checks }] = readPlan([], { DEMO_HOST: "0.0.0.0" }).steps;
  assert.equal(processes[0].env.DISCOVERYD_HTTPSERVER_ADDR, "0.0.0.0:7171");
  assert.equal(checks[0].url, "http://127.0.0.1:7171/readyz");
});

test("a direct target runs without a registry", () => {
  const plan = readPlan([], { DEMO_TARGET: "direct://default/127.0.0.1:9000" });
  assert.deepEqual(processesOf(plan), [["demo-server-1"], ["demo-client"]]);
  assert.equal(plan.steps[0].processes[0].env.DEMO_REGISTER, "false");
  assert.doesNotMatch(plan.ready, /discovery/);
});

test("the last line says what to open and what to curl", () => {
  assert.equal(
    readPlan([], {}).ready,
    "ready: open http://127.0.0.1:8001/say_hello?name=Ada or try curl '127.0.0.1:8001/say_hello?name=Ada'" +
      " and curl '127.0.0.1:7171/discovery/fetch?env=dev&appid=demo.service&status=1' (Ctrl-C ends all)",
  );
});

for (const [args, env, message] of [
  [["--servers", "0"], {}, '--servers = "0": use a number from 1 to 20'],
  [[], { DEMO_SERVERS: "many" }, 'DEMO_SERVERS = "many": use a number from 1 to 20'],
  [[], { REGISTRY_PORT: "x" }, 'REGISTRY_PORT = "x": use a port from 1 to 65535'],
  [[], { DEMO_CLIENT_PORT: "70000" }, 'DEMO_CLIENT_PORT = "70000": use a port from 1 to 65535'],
  [["--port", "1"], {}, "Unknown option '--port': use --servers <n> or --help"],
  [
    [],
    { DEMO_GRPC_PORT: "7171" },
    "port 7171 is for the registry and for demo-server-1's gRPC: change REGISTRY_PORT or DEMO_GRPC_PORT",
  ],
  [
    ["--servers=2"],
    { DEMO_GRPC_PORT: "65535" },
    "demo-server-2's gRPC would be on port 65536: lower DEMO_GRPC_PORT",
  ],
]) {
  test(`one line says what is wrong: ${message}`, () => {
    assert.throws(() => readPlan(args, env), new PlanError(message));
  });
}
