import { useNodes } from "../testing/use-node";

const startNode = useNodes();

test("a node whose port was free to choose is no peer of itself", async () => {
  const node = await startNode();

  const { data } = await node.get("/discovery/nodes");

  expect(data).toEqual([{ addr: node.server.addr, status: 0, zone: "sh001" }]);
});

test("a node alone answers a register without waiting for anybody", async () => {
  const node = await startNode();

  const reply = await node.register();

  expect(reply.code).toBe(0);
});
