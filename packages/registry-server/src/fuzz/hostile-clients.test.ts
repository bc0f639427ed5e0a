import { routes } from "@discoveryd/protocol";
import fc from "fast-check";
import { until } from "../testing/until";
import { fuzzed } from "./testing/fuzzed";
import { requestBytes, type RawConnection } from "./testing/raw-connection";
import { envelopeOf, useHostileNode } from "./testing/use-hostile-node";

const POLL = requestBytes({
  method: "GET",
  target: `${routes.polls.path}?env=dev&appid=none&latest_timestamp=0`,
});
const NODES = requestBytes({ method: "GET", target: routes.nodes.path });

const startNode = useHostileNode({ maxConnections: 300 });

test("a request is read the same, however it is cut into packets", async () => {
  const node = await startNode();
  const form =
    "env=dev&appid=app&zone=z1&hostname=h1&status=1&addrs=http://127.0.0.1:1&metadata=%7B%22a%22:%22%C3%A9%22%7D";
  const requests = Buffer.concat([
    requestBytes({ method: "POST", target: routes.register.path, body: form }),
    requestBytes({
      method: "POST",
      target: routes.renew.path,
      length: "Transfer-Encoding: chunked",
      body: `5\r\n${form.slice(0, 5)}\r\n${(form.length - 5).toString(16)};ext=1\r\n${form.slice(5)}\r\n0\r\nTrailer: x\r\n\r\n`,
    }),
    requestBytes({ method: "GET", target: `${routes.fetch.path}?env=dev&appid=app&status=3` }),
  ]);
  await fuzzed(60, fc.array(fc.nat(requests.length), { maxLength: 30 }), async (places) => {
    const connection = await node.connect();
    await sendInPieces(connection, requests, places);
    for (let i = 0; i < 3; i++) expect(envelopeOf(await connection.next()).code).toBe(0);
    node.drop(connection);
  });
  await node.expectUnharmed();
});

test("a body in pieces of one byte each is read whole", async () => {
  const node = await startNode();
  const form = `env=dev&appid=app&zone=z1&hostname=h1&status=1&addrs=http://127.0.0.1:1&junk=${"x".repeat(20_000)}`;
  const chunks = [...form].map((char) => `1\r\n${char}\r\n`).join("");
  const length = "Transfer-Encoding: chunked";
  const answer = await node.ask({
    method: "POST",
    target: routes.register.path,
    length,
    body: `${chunks}0\r\n\r\n`,
  });
  expect(envelopeOf(answer).code).toBe(0);
  await node.expectUnharmed();
});

const WAYS_TO_GO: Record<string, (connection: RawConnection) => void> = {
  "is closed": (connection) => connection.destroy(),
  "is reset": (connection) => connection.socket.resetAndDestroy(),
  "is half closed": (connection) => connection.finish(),
  "is half closed within the next request": (connection) => {
    connection.send(NODES.subarray(0, 20));
    connection.finish();
  },
  "says what is no HTTP": (connection) => connection.send("\0\0\0\0\r\n\r\n"),
};

test.each(Object.keys(WAYS_TO_GO))(
  "a connection with polls, one after the other, that %s frees them",
  async (way) => {
    const node = await startNode();
    await fuzzed(
      10,
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 }),
      async (polls) => {
        const connections = await Promise.all(polls.map(() => node.connect()));
        polls.forEach((count, i) => connections[i]?.send(Buffer.concat(Array<Buffer>(count).fill(POLL))));
        await until("a poll of each hangs", () => node.waiting === connections.length);
        for (const connection of connections) WAYS_TO_GO[way]?.(connection);
        await until("no poll hangs", () => node.waiting === 0);
      },
    );
    await node.expectUnharmed();
  },
);

test("requests behind a poll on one connection are answered after it, in order", async () => {
  const node = await startNode();
  const connection = await node.connect();
  const timeout = "x1-bmspy-timeout: 60";
  const poll = {
    method: "GET",
    target: `${routes.polls.path}?env=dev&appid=none&latest_timestamp=0`,
    headers: [timeout],
  };
  connection.send(Buffer.concat([requestBytes(poll), NODES, requestBytes(poll), NODES]));
  const answers = [
    await connection.next(),
    await connection.next(),
    await connection.next(),
    await connection.next(),
  ];
  expect(answers.map((answer) => envelopeOf(answer).code)).toEqual([-304, 0, -304, 0]);
  await node.expectUnharmed();
});

test("a flood of connections beyond the most there may be is closed, and the rest goes on", async () => {
  const node = await startNode();
  const handles = process.getActiveResourcesInfo().length;
  for (let round = 0; round < 3; round++) {
    const flood = await Promise.all(Array.from({ length: 500 }, () => node.connect()));
    flood.forEach((connection, i) =>
      connection.send([POLL, POLL.subarray(0, i % 60), NODES, ""][i % 4] as Buffer),
    );
    await until("those beyond 300 are closed", () => flood.filter(({ closed }) => closed).length >= 200);
    expect(node.open).toBeLessThanOrEqual(300);
    for (const connection of flood) node.drop(connection);
    await until("all are gone", () => node.open === 0 && node.waiting === 0);
  }
  await node.expectUnharmed();
  await until("no handle is left", () => process.getActiveResourcesInfo().length <= handles + 1);
});

async function sendInPieces(
  connection: RawConnection,
  bytes: Buffer,
  places: readonly number[],
): Promise<void> {
  const cuts = [0, ...[...places].sort((a, b) => a - b), bytes.length];
  for (let i = 1; i < cuts.length; i++) {
    connection.send(bytes.subarray(cuts[i - 1], cuts[i]));
    await new Promise(setImmediate);
  }
}
