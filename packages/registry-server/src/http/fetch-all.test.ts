import { connect } from "node:net";
import { key, registering } from "../testing/builders";
import { until } from "../testing/until";
import { useNodes, type TestNode } from "../testing/use-node";

const start = useNodes();

type All = Record<string, { env: string; zone: string; hostname: string }[]>;

async function all(node: TestNode): Promise<All> {
  const { code, data } = await node.get("/discovery/fetch/all");
  expect(code).toBe(0);
  return data as All;
}

test("every instance is there by app id, over all envs, zones and states", async () => {
  const node = await start();
  await node.register();
  await node.register({ env: "prod", status: "2" });
  await node.register({ zone: "sh002" });
  await node.register({ appid: "consumer" });
  const shown = await all(node);
  expect(Object.keys(shown)).toEqual(["infra.discovery", "provider", "consumer"]);
  expect(shown["provider"]?.map(({ env, zone }) => `${env} ${zone}`)).toEqual([
    "dev sh001",
    "dev sh002",
    "prod sh001",
  ]);
});

test("an app without instances is left out", async () => {
  const node = await start();
  await node.register();
  node.server.registry.cancel(key);
  expect(Object.keys(await all(node))).toEqual(["infra.discovery"]);
});

test("an answer in many pieces is whole: every instance is there once, and others are served meanwhile", async () => {
  const node = await start();
  for (let i = 0; i < 5_000; i++) {
    node.server.registry.register(registering({ appid: `app-${i % 50}`, hostname: `h${i}` }));
  }
  // A client that reads nothing until others were served.
  const socket = connect(node.port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").pause();
  socket.write("GET /discovery/fetch/all HTTP/1.0\r\n\r\n");
  for (let i = 0; i < 20; i++) {
    expect((await node.get("/discovery/nodes")).code).toBe(0);
    await node.clock.advance(10);
  }
  socket.on("data", (chunk: string) => (text += chunk)).resume();
  await until("all has come", async () => {
    await node.clock.advance(10);
    return text.endsWith("}}");
  });
  socket.destroy();
  const { data } = JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as { data: All };
  const hostnames = Object.values(data).flatMap((list) => list.map(({ hostname }) => hostname));
  expect(hostnames.sort()).toEqual(["self", ...Array.from({ length: 5_000 }, (_, i) => `h${i}`)].sort());
});

test("a client that goes in the middle is no trouble", async () => {
  const node = await start();
  for (let i = 0; i < 5_000; i++) node.server.registry.register(registering({ hostname: `h${i}` }));
  const socket = connect(node.port, "127.0.0.1");
  socket.pause().write("GET /discovery/fetch/all HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the answer is under way", () => node.server["http"].open === 1);
  socket.destroy();
  await until("the connection is gone", () => node.server["http"].open === 0);
  expect((await node.get("/healthz")).status).toBe(200);
});
