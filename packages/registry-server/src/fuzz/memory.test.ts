import { routes } from "@discoveryd/protocol";
import { until } from "../testing/until";
import { heapBytes } from "../testing/heap";
import { requestBytes } from "./testing/raw-connection";
import { envelopeOf, useHostileNode, type HostileNode } from "./testing/use-hostile-node";

const startNode = useHostileNode();
const MIB = 1_048_576;

test("an instance takes no more memory for what its register held besides", async () => {
  const node = await startNode();
  await registerWith(node, "warm-up", 1_000);
  const before = await heapBytes();
  for (let i = 0; i < 40; i++) await registerWith(node, `a-long-enough-host-name-${i}`, MIB - 1_000);
  expect((await heapBytes()) - before).toBeLessThan(4 * MIB);
  await node.expectUnharmed();
});

test("polls of unknown zones and apps leave nothing behind", async () => {
  const node = await startNode();
  await registerWith(node, "host", 0);
  const poll = async (i: number) => {
    const zone = `zone-${i}-${"x".repeat(200)}`;
    const missing = Array.from(
      { length: 500 },
      (_, j) => `&appid=missing-${i}-${j}-${"x".repeat(100)}&latest_timestamp=0`,
    );
    const query = `env=dev&appid=app&latest_timestamp=0&empty=1&zone=${zone}${missing.join("")}`;
    envelopeOf(await node.ask({ method: "GET", target: `${routes.polls.path}?${query}` }));
  };
  for (let i = 0; i < 20; i++) await poll(i);
  const before = await heapBytes();
  for (let i = 0; i < 100; i++) await poll(i);
  expect((await heapBytes()) - before).toBeLessThan(2 * MIB);
  await node.expectUnharmed();
});

test("polls that were opened and dropped leave nothing behind", async () => {
  const node = await startNode();
  await registerWith(node, "host", 0);
  const round = async () => {
    const connections = await Promise.all(Array.from({ length: 300 }, () => node.connect()));
    const poll = `${routes.polls.path}?env=dev&appid=other&latest_timestamp=0`;
    for (const connection of connections) connection.send(requestBytes({ method: "GET", target: poll }));
    await until("all polls hang", () => node.waiting === 300);
    for (const connection of connections) node.drop(connection);
    await until("no poll hangs", () => node.waiting === 0 && node.open === 0);
  };
  for (let i = 0; i < 3; i++) await round();
  const before = await heapBytes();
  for (let i = 0; i < 3; i++) await round();
  // A waiter and its connection take some 15 KB: 900 of them would be 13 MiB.
  expect((await heapBytes()) - before).toBeLessThan(MIB);
  await node.expectUnharmed();
});

test.each([routes.fetch, routes.fetchAll])(
  "a client that reads nothing of many $name is sent one at a time",
  async ({ path }) => {
    const node = await startNode();
    await fill(node);
    const before = await heapBytes();
    const deaf = await node.connect();
    deaf.socket.pause();
    const request = requestBytes({ method: "GET", target: `${path}?env=dev&appid=app&status=1` });
    deaf.send(Buffer.concat(Array<Buffer>(300).fill(request)));
    await until("it was read", () => node.bytesRead >= 300 * request.length);
    for (let i = 0; i < 5; i++) await node.ask({ method: "GET", target: routes.nodes.path });
    expect((await heapBytes()) - before).toBeLessThan(8 * MIB);
    await node.expectUnharmed();
  },
);

/** Registers an app of some 1.6 MB. */
async function fill(node: HostileNode): Promise<void> {
  const connection = await node.connect();
  for (let i = 0; i < 200; i++) {
    const metadata = encodeURIComponent(JSON.stringify({ text: "x".repeat(8_000) }));
    const body = `env=dev&appid=app&zone=z1&hostname=h${i}&status=1&addrs=http://127.0.0.1:1&metadata=${metadata}`;
    connection.send(requestBytes({ method: "POST", target: routes.register.path, body }));
    expect(envelopeOf(await connection.next()).code).toBe(0);
  }
  node.drop(connection);
}

async function registerWith(node: HostileNode, hostname: string, junkBytes: number): Promise<void> {
  const fields = `env=dev&appid=app&zone=z1&status=1&addrs=grpc://127.0.0.1:9000&hostname=${hostname}`;
  const body = `${fields}&junk=${"x".repeat(junkBytes)}`;
  expect(envelopeOf(await node.ask({ method: "POST", target: routes.register.path, body })).code).toBe(0);
}
