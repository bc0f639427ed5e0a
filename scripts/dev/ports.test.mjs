import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { PlanError } from "./plan.mjs";
import { freePorts } from "./ports.mjs";

test("each port in use is a line that says what it is for and how to change it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const ports = [
    { host: "127.0.0.1", port, what: "the registry", variable: "REGISTRY_PORT" },
    { host: "127.0.0.1", port: 0, what: "the client", variable: "DEMO_CLIENT_PORT" },
  ];
  const message = `port ${port} (the registry) is in use: free it, or choose another with REGISTRY_PORT`;
  await assert.rejects(freePorts(ports), new PlanError(message));
  server.close();
});

test("an address of another machine is named, too", async () => {
  const ports = [{ host: "192.0.2.1", port: 80, what: "the client", variable: "DEMO_CLIENT_PORT" }];
  await assert.rejects(
    freePorts(ports),
    /^Error: cannot listen on 192\.0\.2\.1:80 \(the client\): .*change DEMO_HOST/,
  );
});
