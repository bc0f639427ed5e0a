import { codeText, isCode } from "@discoveryd/protocol";
import fc from "fast-check";
import { hostileBytesArb, hostileRequestArb } from "./testing/hostile-values";
import { fuzzed } from "./testing/fuzzed";
import { envelopeOf, useHostileNode } from "./testing/use-hostile-node";

const startNode = useHostileNode();

test("every request to a route is answered with an envelope, whatever it says", async () => {
  const node = await startNode();
  await fuzzed(400, fc.array(hostileRequestArb, { minLength: 1, maxLength: 8 }), async (requests) => {
    const answers = await Promise.all(requests.map((request) => node.ask(request)));
    for (const answer of answers) {
      const { code } = envelopeOf(answer);
      expect([code, isCode(code) && code !== -500]).toEqual([code, true]);
      expect(codeText(code)).not.toBe("");
    }
    expect(node.bugs).toEqual([]);
  });
  await node.expectUnharmed();
}, 60_000);

test("bytes that are hardly HTTP are answered or refused, never with a 5xx, and harm nobody", async () => {
  const node = await startNode();
  await fuzzed(300, fc.array(hostileBytesArb, { minLength: 1, maxLength: 8 }), async (streams) => {
    await Promise.all(
      streams.map(async (bytes) => {
        const connection = await node.connect();
        connection.send(bytes);
        connection.finish();
        await connection.ended();
        for (const { status } of connection.responses) expect([status, status < 500]).toEqual([status, true]);
        node.drop(connection);
      }),
    );
    expect(node.bugs).toEqual([]);
  });
  await node.expectUnharmed();
}, 60_000);
