import { STATUS_UP, STATUS_WAITING } from "@discoveryd/protocol";
import { useNodes } from "../testing/use-node";

const startNode = useNodes();
const self = { env: "dev", appid: "infra.discovery", zone: "sh001", hostname: "self" };
const poll = { env: "dev", appid: "infra.discovery", latest_timestamp: "0" };

test("a node that somebody cancels is back at once: clients wait for one in their constructor", async () => {
  const node = await startNode();
  await node.post("/discovery/cancel", self);
  const { code, text } = await node.get("/discovery/polls", poll);
  expect(code).toBe(0);
  expect(text).toContain(`"status":${STATUS_UP}`);
});

test("a node that somebody sets to waiting takes traffic again at once", async () => {
  const node = await startNode();
  await node.post("/discovery/set", { ...self, status: String(STATUS_WAITING) });
  const { text } = await node.get("/discovery/polls", poll);
  expect(text).toContain(`"status":${STATUS_UP}`);
});

test("a node that shuts down does not come back", async () => {
  const node = await startNode();
  const { registry } = node.server;
  await node.server.close();
  expect(registry.size).toBe(0);
});
